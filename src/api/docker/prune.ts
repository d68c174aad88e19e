import { pruneBuildCache, pruneUnusedImages } from "#engine";
import { parseMoment, parseTruth } from "#spec";
import { parseFilters, withFilterWords } from "../filters.ts";
import type { Query } from "../query.ts";
import type { Answer, Exchange, Route } from "../route.ts";
import { DockerAnswer } from "./phrases.ts";

function pruneImages({ engine, query }: Exchange): Answer {
  const filters = parseFilters(query.text("filters"), ["dangling", "until", "label", "label!"]);
  const { dangling, until } = withFilterWords(() => ({
    dangling: filters.get("dangling")?.map((text) => parseTruth("dangling", text)),
    until: filters.get("until")?.map((text) => parseMoment("until", text, Date.now())),
  }));
  const removed = pruneUnusedImages(engine, {
    all: dangling?.includes(false) === true,
    ...(until === undefined || until.length === 0 ? {} : { until: Math.min(...until) }),
    labels: filters.get("label") ?? [],
    labelsNot: filters.get("label!") ?? [],
  });
  const deleted = [
    ...removed.untagged.map((Untagged) => ({ Untagged })),
    ...removed.deleted.map((Deleted) => ({ Deleted })),
  ];
  return {
    status: 200,
    json: { ImagesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: removed.freed },
  };
}

function pruneBuilds({ engine, query }: Exchange): Answer {
  const filters = parseFilters(query.filled("filters"), ["until"]);
  const until = withFilterWords(() =>
    filters.get("until")?.map((text) => parseMoment("until", text, Date.now())),
  );
  if ((bytesOf(query, "min-free-space") ?? 0) > 0)
    throw new DockerAnswer(400, "min-free-space is not implemented: say what to keep by reserved-space");
  const keep =
    bytesOf(query, "reserved-space") ??
    bytesOf(query, "keep-storage") ??
    bytesOf(query, "max-used-space") ??
    0;
  const { forgotten, freed } = pruneBuildCache(engine, {
    keep,
    all: query.bool("all"),
    ...(until === undefined || until.length === 0 ? {} : { before: Math.min(...until) }),
  });
  const keys = forgotten.map(({ key }) => key);
  return { status: 200, json: { CachesDeleted: keys.length === 0 ? null : keys, SpaceReclaimed: freed } };
}

function bytesOf(query: Query, name: string): number | undefined {
  const text = query.filled(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new DockerAnswer(400, `${name} is no number of bytes: ${JSON.stringify(text)}`);
  return value;
}

export const pruneRoutes: readonly Route[] = [
  { method: "POST", path: "/images/prune", handle: pruneImages },
  { method: "POST", path: "/build/prune", handle: pruneBuilds },
];
