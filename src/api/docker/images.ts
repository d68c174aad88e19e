import {
  filterImages,
  imageFilters,
  imageHistory,
  imageUsers,
  listImages,
  lookupImage,
  removeImageNamed,
  sharedLayerBytes,
  tagImage,
} from "#engine";
import { isVialError, parseNamed } from "#spec";
import { parseFilters, withFilterWords } from "../filters.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { chooseImage, platformOfJson } from "./image-choice.ts";
import { inspectImage } from "./image-inspect.ts";
import { imageFault, inUseById, inUseByName, referenceInvalid, severalNames } from "./image-phrases.ts";
import { imageSummary, secondsOf } from "./image-summary.ts";
import { DockerAnswer } from "./phrases.ts";

function list({ engine, version, query }: Exchange): Answer {
  const filters = new Map(parseFilters(query.text("filters"), imageFilters));
  // The parameter of the versions before 1.41.
  const old = query.filled("filter");
  if (old !== undefined && version < 41) filters.set("reference", [old]);
  const all = listImages(engine.store);
  const images = withFilterWords(() => filterImages(engine.store, all, filters));
  const usersOf = imageUsers(engine);
  const sharedOf = query.bool("shared-size") ? sharedLayerBytes(engine, all.images) : undefined;
  return {
    status: 200,
    json: images.map((image) =>
      imageSummary(engine, image, version, {
        containers: usersOf(image).length,
        shared: sharedOf?.(image) ?? -1,
        withManifests: query.bool("manifests"),
      }),
    ),
  };
}

function inspect({ engine, version, params, query }: Exchange): Answer {
  const platform = version >= 49 ? platformOfJson(query.filled("platform")) : undefined;
  const withManifests = query.bool("manifests");
  if (platform !== undefined && withManifests)
    throw new DockerAnswer(400, "conflicting options: manifests and platform options cannot both be set");
  const image = chooseImage(engine, params.name ?? "", platform);
  return { status: 200, json: inspectImage(engine, image, version, withManifests) };
}

function history({ engine, version, params, query }: Exchange): Answer {
  const platform = version >= 48 ? platformOfJson(query.filled("platform")) : undefined;
  const rows = imageHistory(engine.store, chooseImage(engine, params.name ?? "", platform));
  return {
    status: 200,
    json: rows.map((row) => ({
      Comment: row.comment,
      Created: secondsOf(row.created),
      CreatedBy: row.createdBy,
      Id: row.id ?? "<missing>",
      Size: row.size,
      Tags: row.names.length === 0 ? null : row.names,
    })),
  };
}

function tag({ engine, params, query }: Exchange): Answer {
  const name = params.name ?? "";
  const repository = query.text("repo") ?? "";
  const label = query.filled("tag");
  try {
    const named = parseNamed(label === undefined ? repository : `${repository}:${label}`);
    if (named.digest !== undefined)
      throw referenceInvalid("refusing to create a tag with a digest reference");
    tagImage(engine, name, { ...named, tag: named.tag ?? "latest" });
  } catch (error) {
    throw imageFault(name, error);
  }
  return { status: 201 };
}

/** `noprune` has nothing to keep: there are no untagged parents here. */
function remove(exchange: Exchange): Answer {
  const { engine, params, query } = exchange;
  const name = params.name ?? "";
  if (query.list("platforms").length > 0) onlyThatPlatform(exchange, name);
  try {
    const { untagged, deleted } = removeImageNamed(engine, name, { force: query.bool("force") });
    return {
      status: 200,
      json: [...untagged.map((Untagged) => ({ Untagged })), ...deleted.map((Deleted) => ({ Deleted }))],
    };
  } catch (error) {
    throw removalFault(exchange, name, error);
  }
}

/** A name has one platform here, so to remove that is to remove the image, and others are not here. */
function onlyThatPlatform({ engine, query }: Exchange, name: string): void {
  for (const text of query.list("platforms")) chooseImage(engine, name, platformOfJson(text));
}

function removalFault({ engine }: Exchange, name: string, error: unknown): unknown {
  if (!isVialError(error) || error.kind !== "conflict") return imageFault(name, error);
  const image = lookupImage(engine.store, name);
  if (image === undefined) return error;
  if (error.code === "image-many-names") return severalNames(image.id);
  const users = imageUsers(engine)(image);
  const user = users.find(({ running }) => running) ?? users[0];
  if (user === undefined) return error;
  const isName = image.names.some((known) => known === name || known === `${name}:latest`);
  return isName ? inUseByName(name, user, image.id) : inUseById(image.id, user);
}

export const imageRoutes: readonly Route[] = [
  { method: "GET", path: "/images/json", handle: list },
  { method: "GET", path: "/images/{name}/json", handle: inspect },
  { method: "GET", path: "/images/{name}/history", handle: history },
  { method: "POST", path: "/images/{name}/tag", handle: tag },
  { method: "DELETE", path: "/images/{name}", handle: remove },
];
