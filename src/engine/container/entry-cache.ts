import { statSync } from "node:fs";
import type { Engine } from "../engine-handle.ts";
import { containerFolder, listIds } from "./folder.ts";
import { type ContainerEntry, entryOf } from "./list.ts";
import { sweepContainers } from "./sweep.ts";

// For a process that lists the containers again and again: what was read is kept for as long as the files are the same. Each
// is replaced by a rename, so its inode, time and size tell of every change.

/** An entry of a running container also depends on a process. Its end is recorded at once, unless its monitor was killed. */
const trustProcess = 100;
/** A sweep looks at everything under locks. */
const sweepEvery = 1000;

interface Known {
  readonly identity: string;
  readonly entry: ContainerEntry;
  readonly lookedAt: number;
}

export class EntryCache {
  readonly #engine: Engine;
  #known = new Map<string, Known>();
  #swept = Number.NEGATIVE_INFINITY;
  /** The list of this turn of the event loop: requests that came together share it. */
  #shared: readonly ContainerEntry[] | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Every container, the newest first. The same entry is the same object for as long as nothing has changed. */
  list(): readonly ContainerEntry[] {
    if (this.#shared === undefined) {
      this.#shared = this.#read();
      setImmediate(() => {
        this.#shared = undefined;
      });
    }
    return this.#shared;
  }

  #read(): readonly ContainerEntry[] {
    let entries = this.#look();
    const now = performance.now();
    if (now - this.#swept > sweepEvery && entries.some(({ state }) => state.status === "dead")) {
      this.#swept = now;
      sweepContainers(this.#engine);
      entries = this.#look();
    }
    return entries.sort((a, b) => (a.spec.created < b.spec.created ? 1 : -1));
  }

  #look(): ContainerEntry[] {
    const now = performance.now();
    const known = new Map<string, Known>();
    for (const id of listIds(this.#engine)) {
      const found = this.#entry(id, now);
      if (found !== undefined) known.set(id, found);
    }
    this.#known = known;
    return [...known.values()].map(({ entry }) => entry);
  }

  #entry(id: string, now: number): Known | undefined {
    const { folder } = containerFolder(this.#engine, id);
    const before = this.#known.get(id);
    const identity = ["spec", "state", "health"]
      .map((name) => identityOf(`${folder}/${name}.json`))
      .join(" ");
    if (before?.identity === identity && (isSettled(before.entry) || now - before.lookedAt < trustProcess))
      return before;
    try {
      const entry = entryOf(this.#engine, id);
      // The same in all that can be seen: who keeps something by this object keeps it.
      const isSame = before?.identity === identity && JSON.stringify(before.entry) === JSON.stringify(entry);
      return { identity, entry: isSame ? before.entry : entry, lookedAt: now };
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
  return info === undefined ? "-" : `${info.ino}.${info.mtimeMs}.${info.size}`;
}
