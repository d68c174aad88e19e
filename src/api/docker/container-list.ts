import {
  callApart,
  type ContainerEntry,
  containerFilters,
  type Engine,
  EntryCache,
  filterContainers,
  statusWord,
} from "#engine";
import type { Filters } from "#spec";
import type { ApiVersion } from "../api-version.ts";
import { parseFilters, throwFilterWords } from "../filters.ts";
import type { Answer, Exchange } from "../route.ts";
import { summarize } from "./container-summary.ts";
import { badParameter } from "./phrases.ts";

// Monitors ask for the list all the time, so a container's part of it is text that is kept for as long as it is true.

const caches = new WeakMap<Engine, EntryCache>();
const texts = new WeakMap<ContainerEntry, Kept<string>>();

const bodies = new WeakMap<readonly ContainerEntry[], Kept<Uint8Array>>();

interface Kept<T> {
  readonly second: number;
  readonly version: ApiVersion;
  readonly value: T;
}

/** Every container, the newest first; cheap when nothing has changed. */
export function knownContainers(engine: Engine): readonly ContainerEntry[] {
  let cache = caches.get(engine);
  if (cache === undefined) {
    cache = new EntryCache(engine);
    caches.set(engine, cache);
  }
  return cache.list();
}

/** `GET /containers/json` */
export async function listContainers({ engine, query, version }: Exchange): Promise<Answer> {
  const filters = withBounds(parseFilters(query.text("filters"), containerFilters), query);
  const limit = readLimit(query.filled("limit"));
  const all = query.bool("all") || limit !== undefined || filters.has("status") || filters.has("exited");
  const known = knownContainers(engine);
  const fitting =
    filters.size === 0 ? known : await filterContainers(engine, known, filters).catch(throwFilterWords);
  const shown = fitting.filter((entry) => all || isUp(entry)).slice(0, limit);
  if (query.bool("size")) {
    const parts = await Promise.all(shown.map(async (entry) => await withSizes(engine, entry, version)));
    return answerOf(`[${parts.join(",")}]\n`);
  }
  const body = () => `[${shown.map((entry) => textOf(engine, entry, version)).join(",")}]\n`;
  // The whole list, as monitors ask for it.
  return answerOf(shown.length === known.length ? wholeBody(known, version, body) : body());
}

function answerOf(bytes: string | Uint8Array): Answer {
  return { status: 200, bytes, type: "application/json" };
}

/** `before` and `since` were parameters before they were filters. */
function withBounds(filters: Filters, query: Exchange["query"]): Filters {
  const all = new Map(filters);
  for (const name of ["before", "since"]) {
    const container = query.filled(name);
    if (container !== undefined) all.set(name, [...(filters.get(name) ?? []), container]);
  }
  return all;
}

function isUp(entry: ContainerEntry): boolean {
  return ["running", "paused", "restarting"].includes(statusWord(entry));
}

/** As dockerd: 0 and less are no limit. */
function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d+$/.test(text)) throw badParameter(`invalid value for limit: ${text}`);
  return Number(text) > 0 ? Number(text) : undefined;
}

function textOf(engine: Engine, entry: ContainerEntry, version: ApiVersion): string {
  return keep(texts, entry, version, () => JSON.stringify(summarize(engine, entry, version)));
}

function wholeBody(entries: readonly ContainerEntry[], version: ApiVersion, make: () => string): Uint8Array {
  return keep(bodies, entries, version, () => Buffer.from(make()));
}

/** "Up 3 seconds" changes each second, and nothing else while the entries are the same. */
function keep<Key extends object, T>(
  kept: WeakMap<Key, Kept<T>>,
  key: Key,
  version: ApiVersion,
  make: () => T,
): T {
  const second = Math.floor(Date.now() / 1000);
  const known = kept.get(key);
  if (known?.second === second && known.version === version) return known.value;
  const value = make();
  kept.set(key, { second, version, value });
  return value;
}

/** Measured by a process of its own: it walks the writable layer. */
async function withSizes(engine: Engine, entry: ContainerEntry, version: ApiVersion): Promise<string> {
  const { written, image } = await callApart(engine, "size", entry.spec.id);
  return JSON.stringify({
    ...summarize(engine, entry, version),
    SizeRw: written,
    SizeRootFs: written + image,
  });
}
