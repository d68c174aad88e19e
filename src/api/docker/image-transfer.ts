import type { Answer, Exchange, Route } from "../route.ts";
import { importArchive, load, save } from "./image-archives.ts";
import { pull } from "./image-pull.ts";
import { push } from "./image-push.ts";
import { DockerAnswer } from "./phrases.ts";

async function create(exchange: Exchange): Promise<Answer> {
  const { query } = exchange;
  if (query.has("fromImage") && query.filled("fromImage") !== undefined) return await pull(exchange);
  if (query.filled("fromSrc") !== undefined) return await importArchive(exchange);
  throw new DockerAnswer(400, "one of fromImage and fromSrc is needed");
}

export const imageTransferRoutes: readonly Route[] = [
  { method: "POST", path: "/images/create", handle: create },
  { method: "GET", path: "/images/get", handle: save },
  { method: "POST", path: "/images/load", handle: load },
  { method: "GET", path: "/images/{name}/get", handle: save },
  { method: "POST", path: "/images/{name}/push", handle: push },
];
