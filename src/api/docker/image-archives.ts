import { importImage, loadImages, parseChanges, saveImages } from "#engine";
import { parseNamed, parsePlatform, type ImageReference } from "#spec";
import type { Answer, Exchange } from "../route.ts";
import { chooseImage, platformOfJson } from "./image-choice.ts";
import { imageFault } from "./image-phrases.ts";
import { messageAnswer } from "./message-stream.ts";
import { phaseMessage } from "./progress-message.ts";
import { DockerAnswer } from "./phrases.ts";

/** GET /images/get?names= and GET /images/{name}/get */
export function save(exchange: Exchange): Answer {
  const { engine, params, query } = exchange;
  const names = params.name === undefined ? query.list("names") : [params.name];
  if (names.length === 0) throw new DockerAnswer(400, "no images to save: name them in names=");
  const platform = platformOfJson(query.filled("platform"));
  // Throws where an image is not here, or for other platforms alone.
  for (const name of names) chooseImage(engine, name, platform);
  let chunks: Iterable<Buffer>;
  try {
    chunks = saveImages(engine, names);
  } catch (error) {
    throw imageFault(names[0] ?? "", error);
  }
  return {
    status: 200,
    type: "application/x-tar",
    stream: async (outlet) => {
      for (const chunk of chunks) {
        if (exchange.gone.aborted) return;
        await outlet.write(chunk);
      }
    },
  };
}

/** POST /images/load. Unless it is quiet, the stream begins at once, and what is wrong with the archive is a line of it. */
export async function load({ engine, body, query }: Exchange): Promise<Answer> {
  const platform = platformOfJson(query.filled("platform"));
  const quiet = query.bool("quiet");
  return await messageAnswer(async (messages) => {
    if (!quiet) messages.say(phaseMessage("archive", "Loading layers"));
    const images = await loadImages(
      engine,
      { bytes: body },
      {
        subject: "the archive",
        warn: (sentence) => messages.say({ stream: `warning: ${sentence}\n` }),
        ...(platform === undefined ? {} : { platform }),
        ...(quiet
          ? {}
          : {
              progress: (current: number) =>
                messages.sayCount({ status: "Loading layers", progressDetail: { current }, id: "archive" }),
            }),
      },
    );
    for (const { id, names } of images) {
      for (const name of names) messages.say({ stream: `Loaded image: ${name}\n` });
      if (names.length === 0) messages.say({ stream: `Loaded image ID: ${id}\n` });
    }
  });
}

/** POST /images/create?fromSrc=: makes an image of a root file system, from the body or from an address. */
export async function importArchive({ engine, body, query, gone }: Exchange): Promise<Answer> {
  const source = query.filled("fromSrc") ?? "-";
  const platform = query.filled("platform");
  const message = query.filled("message");
  const reference = readName(query.filled("repo"), query.filled("tag"));
  const changes = query
    .list("changes")
    .flatMap((text) => text.split("\n").filter((line) => line.trim() !== ""));
  const bytes = source === "-" ? body : await download(source, gone);
  const { id } = await importImage(engine, bytes, {
    subject: source === "-" ? "the archive" : `the archive "${source}"`,
    created: new Date().toISOString(),
    change: parseChanges(changes),
    ...(message === undefined ? { message: `Imported from ${source}` } : { message }),
    ...(reference === undefined ? {} : { reference }),
    ...(platform === undefined ? {} : { platform: parsePlatform(platform) }),
  });
  return await messageAnswer(async (messages) => messages.say({ status: id }));
}

function readName(repository: string | undefined, tag: string | undefined): ImageReference | undefined {
  if (repository === undefined) return undefined;
  try {
    const named = parseNamed(repository);
    if (named.digest !== undefined) throw new DockerAnswer(400, "cannot import digest reference");
    return { ...named, tag: tag ?? named.tag ?? "latest" };
  } catch (error) {
    throw imageFault(repository, error);
  }
}

/** The address is the client's, who could fetch it as well; only what HTTP reaches is fetched. */
async function download(address: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  const url = URL.parse(address.includes("://") ? address : `http://${address}`);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    throw new DockerAnswer(400, `invalid fromSrc: ${JSON.stringify(address)} is no address of HTTP`);
  let response: Response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    throw new DockerAnswer(
      500,
      `cannot fetch ${url.host}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!response.ok || response.body === null)
    throw new DockerAnswer(500, `cannot fetch ${url.host}: the server answered ${response.status}`);
  return response.body as unknown as AsyncIterable<Uint8Array>;
}
