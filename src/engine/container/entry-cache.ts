import { statSync } from "node:fs";
import type { Engine } from "../engine-handle.ts";
import { eventsFile } from "../events.ts";
import { containerFolder, listIds } from "./folder.ts";
import { type ContainerEntry, entryOf } from "./list.ts";
import { sweepContainers } from "./sweep.ts";

// For a process that lists the containers again and again: what was read is kept for as long as the files are the same. Each
// is replaced by a rename, which changes the time of the container's folder.

/** Milliseconds. An entry of a running container also depends on a process, whose end is recorded unless its monitor was killed. */
const trustProcess = 100;
/** A file system whose times are coarse may give two changes the same one. */
const coarse = 20;
/** Whatever is done to a container is also an event: until the next one the whole list is good for a moment. */
const trustList = 10;
/** A sweep looks at everything under locks. */
const sweepEvery = 1000;

interface Known {
  readonly identity: string;
  readonly entry: ContainerEntry;
  /** Until then nothing but a change of the folder can have changed it. */
  readonly goodUntil: number;
}

export class EntryCache {
  readonly #engine: Engine;
  #known = new Map<string, Known>();
  #swept = Number.NEGATIVE_INFINITY;
  #list: readonly ContainerEntry[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #events = "";

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Every container, the newest first. The list, and each entry, is the same object for as long as nothing has changed. */
  list(): readonly ContainerEntry[] {
    const now = performance.now();
    const events = identityOf(eventsFile(this.#engine));
    if (events === this.#events && now - this.#listedAt < trustList) return this.#list;
    this.#events = events;
    const entries = this.#read(now);
    if (entries.length !== this.#list.length || entries.some((entry, index) => entry !== this.#list[index]))
      this.#list = entries;
    this.#listedAt = now;
    return this.#list;
  }

  #read(now: number): readonly ContainerEntry[] {
    let entries = this.#look(now);
    if (now - this.#swept > sweepEvery && entries.some(({ state }) => state.status === "dead")) {
      this.#swept = now;
      sweepContainers(this.#engine);
      entries = this.#look(now);
    }
    return entries.sort((a, b) => (a.spec.created < b.spec.created ? 1 : -1));
  }

  #look(now: number): ContainerEntry[] {
    const known = new Map<string, Known>();
    for (const id of listIds(this.#engine)) {
      const found = this.#entry(id, now);
      if (found !== undefined) known.set(id, found);
    }
    this.#known = known;
    return [...known.values()].map(({ entry }) => entry);
  }

  #entry(id: string, now: number): Known | undefined {
    const info = statSync(containerFolder(this.#engine, id).folder, { throwIfNoEntry: false });
    if (info === undefined) return undefined;
    const identity = `${info.ino}.${info.mtimeMs}`;
    const before = this.#known.get(id);
    const isSame = before?.identity === identity;
    if (isSame && now < before.goodUntil) return before;
    try {
      const entry = entryOf(this.#engine, id);
      const goodUntil =
        Date.now() - info.mtimeMs < coarse
          ? Number.NEGATIVE_INFINITY
          : isSettled(entry)
            ? Number.POSITIVE_INFINITY
            : now + trustProcess;
      const kept = isSame && JSON.stringify(before.entry) === JSON.stringify(entry) ? before.entry : entry;
      return { identity, entry: kept, goodUntil };
    } catch {
      // Removed meanwhile, or half made.
      return undefined;
    }
  }
}

/** Nothing but a file can change it. */
function isSettled({ state }: ContainerEntry): boolean {
  return state.status === "created" || (state.status === "exited" && state.restarter === undefined);
}

function identityOf(path: string): string {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined ? "" : `${info.ino}.${info.mtimeMs}.${info.size}`;
}
