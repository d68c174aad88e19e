import { exportApart, pruneContainers } from "#engine";
import { hasLabel, parseMoment } from "#spec";
import { parseFilters, withFilterWords } from "../filters.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import {
  killOne,
  listChanges,
  pauseOne,
  removeOne,
  renameOne,
  restartOne,
  startContainer,
  stopOne,
  unpauseOne,
  updateOne,
} from "./container-change.ts";
import { createContainer } from "./container-create.ts";
import { inspectContainer } from "./container-inspect.ts";
import { listContainers } from "./container-list.ts";
import { badParameter, noSuchContainer } from "./phrases.ts";

/** `POST /containers/prune` */
async function prune({ engine, query }: Exchange): Promise<Answer> {
  const filters = parseFilters(query.text("filters"), ["until", "label", "label!"]);
  const until = filters.get("until") ?? [];
  if (until.length > 1) throw badParameter("more than one until filter specified");
  const moments = withFilterWords(() => until.map((text) => parseMoment("until", text, Date.now())));
  const wanted = filters.get("label") ?? [];
  const unwanted = filters.get("label!") ?? [];
  const { ids, freed } = await pruneContainers(
    engine,
    (spec) =>
      wanted.every((label) => hasLabel(spec.labels, label)) &&
      !unwanted.some((label) => hasLabel(spec.labels, label)) &&
      moments.every((moment) => Date.parse(spec.created) < moment),
  );
  return { status: 200, json: { ContainersDeleted: ids, SpaceReclaimed: freed } };
}

/** `GET /containers/{id}/export`: nothing is sent before the first bytes are there, so that a failure has a status. */
async function exportOne({ engine, params, gone }: Exchange): Promise<Answer> {
  const bytes = exportApart(engine, params.id ?? "", gone);
  const first = await bytes.next();
  if (first.done === true) throw noSuchContainer(params.id ?? "");
  return {
    status: 200,
    type: "application/octet-stream",
    stream: async (outlet) => {
      await outlet.write(first.value);
      for await (const part of bytes) await outlet.write(part);
    },
  };
}

export const containerRoutes: readonly Route[] = [
  { method: "GET", path: "/containers/json", handle: listContainers },
  { method: "POST", path: "/containers/create", handle: createContainer },
  { method: "POST", path: "/containers/prune", handle: prune },
  { method: "GET", path: "/containers/{id}/json", handle: inspectContainer },
  { method: "GET", path: "/containers/{id}/changes", handle: listChanges },
  { method: "GET", path: "/containers/{id}/export", handle: exportOne },
  { method: "POST", path: "/containers/{id}/start", handle: startContainer },
  { method: "POST", path: "/containers/{id}/stop", handle: stopOne },
  { method: "POST", path: "/containers/{id}/restart", handle: restartOne },
  { method: "POST", path: "/containers/{id}/kill", handle: killOne },
  { method: "POST", path: "/containers/{id}/pause", handle: pauseOne },
  { method: "POST", path: "/containers/{id}/unpause", handle: unpauseOne },
  { method: "POST", path: "/containers/{id}/rename", handle: renameOne },
  { method: "POST", path: "/containers/{id}/update", handle: updateOne },
  { method: "DELETE", path: "/containers/{id}", handle: removeOne },
];
