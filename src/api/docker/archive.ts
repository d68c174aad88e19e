import {
  callApart,
  findContainer,
  readArchiveApart,
  readSpec,
  recordEvent,
  writeArchiveApart,
} from "#engine";
import { isVialError } from "#spec";
import type { Answer, Exchange, Route } from "../route.ts";
import { goFileMode } from "../go-file-mode.ts";
import { badParameter, DockerAnswer } from "./phrases.ts";

// Files of a container as tar streams: `docker cp`. Paths are resolved inside the container by the engine.

const statHeader = "X-Docker-Container-Path-Stat";

interface Asked {
  readonly id: string;
  /** As the client names the container, for the sentences. */
  readonly name: string;
  readonly path: string;
}

function readAsked({ engine, params, query }: Exchange): Asked {
  const name = params.id ?? "";
  const path = query.filled("path");
  if (path === undefined) throw badParameter("bad parameter: path cannot be empty");
  if (path.includes("\0")) throw badParameter("bad parameter: path has a NUL");
  return { id: findContainer(engine, name).id, name, path };
}

/** The header that says what a path is: base64 of JSON. */
async function statOf({ engine }: Exchange, { id, name, path }: Asked): Promise<string> {
  const info = await callApart(engine, "pathInfo", id, path);
  if (info === null || info === undefined) throw notFound(path, name);
  const stat = {
    name: info.name,
    size: info.size,
    mode: goFileMode(info.mode),
    mtime: new Date(info.mtime).toISOString(),
    linkTarget: info.linkTarget,
  };
  return Buffer.from(JSON.stringify(stat)).toString("base64");
}

function notFound(path: string, name: string): DockerAnswer {
  return new DockerAnswer(404, `Could not find the file ${path} in container ${name}`);
}

/** `HEAD /containers/{id}/archive` */
async function head(exchange: Exchange): Promise<Answer> {
  return { status: 200, headers: { [statHeader]: await statOf(exchange, readAsked(exchange)) } };
}

/** `GET /containers/{id}/archive` */
async function get(exchange: Exchange): Promise<Answer> {
  const { engine, gone } = exchange;
  const asked = readAsked(exchange);
  const stat = await statOf(exchange, asked);
  const bytes = readArchiveApart(engine, asked.id, asked.path, gone);
  const first = await bytes.next();
  if (first.done === true) throw notFound(asked.path, asked.name);
  recordEvent(engine, readSpec(findContainer(engine, asked.id)), "archive-path");
  return {
    status: 200,
    type: "application/x-tar",
    headers: { [statHeader]: stat },
    stream: async (outlet) => {
      await outlet.write(first.value);
      for await (const part of bytes) await outlet.write(part);
    },
  };
}

/**
 * `PUT /containers/{id}/archive`. A folder is never put in the place of a file, nor the other way round, whatever
 * `noOverwriteDirNonDir` says: without it Docker would remove the folder and all that is in it.
 */
async function put(exchange: Exchange): Promise<Answer> {
  const { engine, query, body, gone } = exchange;
  const asked = readAsked(exchange);
  try {
    await writeArchiveApart(engine, asked.id, asked.path, {
      body,
      asUser: query.bool("copyUIDGID"),
      signal: gone,
    });
  } catch (error) {
    throw putPhrase(error, asked);
  }
  recordEvent(engine, readSpec(findContainer(engine, asked.id)), "extract-to-dir");
  return { status: 200 };
}

function putPhrase(error: unknown, { path, name }: Asked): unknown {
  if (!isVialError(error)) return error;
  switch (error.code) {
    case "copy-folder-missing":
      return notFound(path, name);
    case "copy-no-folder":
      return badParameter("extraction point is not a directory");
    case "archive-readonly":
      return new DockerAnswer(403, "container rootfs is marked read-only");
    default:
      return error;
  }
}

export const archiveRoutes: readonly Route[] = [
  { method: "HEAD", path: "/containers/{id}/archive", handle: head },
  { method: "GET", path: "/containers/{id}/archive", handle: get },
  { method: "PUT", path: "/containers/{id}/archive", handle: put },
];
