import { commitContainer, parseChanges } from "#engine";
import { type ContainerDefaults, type ImageReference, isVialError, parseNamed } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { readImageSettings, withSettings } from "./image-settings.ts";
import { imageFault } from "./image-phrases.ts";
import { DockerAnswer } from "./phrases.ts";

/** Makes an image of a container. The body has settings of the new image, and `changes` goes over them. */
async function commit(exchange: Exchange): Promise<Answer> {
  const { engine, query } = exchange;
  const container = query.filled("container");
  if (container === undefined) throw new DockerAnswer(400, "no container to commit: name it in container=");
  const settings = readImageSettings(await exchange.json());
  const change = readChanges(query.list("changes"));
  const Id = await commitContainer(engine, container, {
    reference: referenceOf(query.filled("repo"), query.filled("tag")),
    author: query.filled("author"),
    message: query.filled("comment"),
    change: (defaults) => change(withSettings(defaults, settings)),
    // Without a word about it, it is frozen where it can be.
    pause: query.has("pause") ? query.bool("pause") : "try",
    warn: (sentence) => console.error(`vial: warning: ${sentence}`),
  });
  return { status: 201, json: { Id } };
}

function readChanges(texts: readonly string[]): (defaults: ContainerDefaults) => ContainerDefaults {
  try {
    return parseChanges(texts.flatMap((text) => text.split("\n").filter((line) => line.trim() !== "")));
  } catch (error) {
    if (!isVialError(error)) throw error;
    throw new DockerAnswer(400, `${error.message}: ${error.why ?? ""}`);
  }
}

function referenceOf(repository: string | undefined, tag: string | undefined): ImageReference | undefined {
  if (repository === undefined) return undefined;
  try {
    const named = parseNamed(tag === undefined ? repository : `${repository}:${tag}`);
    return { ...named, tag: named.tag ?? "latest" };
  } catch (error) {
    throw imageFault(repository, error);
  }
}

export const commitRoutes: readonly Route[] = [{ method: "POST", path: "/commit", handle: commit }];
