/**
 * What lies over which path: each look-up takes as many steps as the path has names, however many mounts there are. Paths
 * are absolute and clean.
 */
export class CoveredPaths<T> {
  readonly #entries = new Map<string, { readonly turn: number; readonly what: T }>();
  #turns = 0;

  /** `what` now lies over `path` and over all below it. */
  add(path: string, what: T): void {
    this.#entries.set(path, { turn: this.#turns++, what });
  }

  /** What was laid over this path, or over a folder on the way to it, last; undefined: nothing. */
  lastOver(path: string): T | undefined {
    let found = this.#entries.get("/");
    for (let end = path.indexOf("/", 1); ; end = path.indexOf("/", end + 1)) {
      const entry = this.#entries.get(end < 0 ? path : path.slice(0, end));
      if (entry !== undefined && (found === undefined || entry.turn > found.turn)) found = entry;
      if (end < 0) return found?.what;
    }
  }
}
