import { readFileSync, rmSync, statSync, utimesSync } from "node:fs";
import { writeAtomic } from "#host";
import { blobSize, hasBlob, type Store } from "#image";
import { namesOfSteps, type StepResult, stepsFolder } from "./step-record.ts";

// What steps have made: one small file for each, named by the step's key. A key covers everything that a step depends
// on, so the same key is the same work (see step-key.ts). The layers themselves lie in the store like any other; the
// collector leaves them there for as long as a file here names them (see heldByBuilds). When a file was last used is its
// time, and the ones that were used longest ago go first.

/** The result of a step that was done before and whose layer is still here. */
export function recallStep(store: Store, folder: string, key: string): StepResult | undefined {
  const path = `${stepsFolder(folder)}/${key}.json`;
  try {
    const result = JSON.parse(readFileSync(path, "utf8")) as StepResult;
    if (result.layer !== null && !hasBlob(store, result.layer.descriptor.digest)) return undefined;
    const now = new Date();
    utimesSync(path, now, now);
    return result;
  } catch {
    // Not done yet, or cut short by a kill -9: then it is done again.
    return undefined;
  }
}

export function rememberStep(folder: string, key: string, result: StepResult): void {
  writeAtomic(`${stepsFolder(folder)}/${key}.json`, JSON.stringify(result), 0o600);
}

export interface CacheEntry {
  readonly key: string;
  readonly result: StepResult;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** The same; 0 where the file system does not tell. */
  readonly madeAt: number;
  /** Bytes of the layer's blob. */
  readonly size: number;
}

/** Everything that is remembered, what was used last first. */
export function listSteps(store: Store, folder: string): readonly CacheEntry[] {
  return namesOfSteps(folder)
    .flatMap((name): CacheEntry[] => {
      const path = `${stepsFolder(folder)}/${name}`;
      try {
        const result = JSON.parse(readFileSync(path, "utf8")) as StepResult;
        const size = result.layer === null ? 0 : (blobSize(store, result.layer.descriptor.digest) ?? 0);
        const { mtimeMs: usedAt, birthtimeMs: madeAt } = statSync(path);
        return [{ key: name.replace(/\.json$/, ""), result, usedAt, madeAt, size }];
      } catch {
        return [];
      }
    })
    .toSorted((a, b) => b.usedAt - a.usedAt);
}

export interface ForgetOptions {
  /** Keeps as many bytes of what was used last. */
  readonly keep: number;
  /** Forgets only what was last used before: milliseconds since 1970. */
  readonly before?: number;
}

/** Forgets steps; their layers go with the next collection, unless an image has them. Gives what was forgotten. */
export function forgetSteps(store: Store, folder: string, options: ForgetOptions): readonly CacheEntry[] {
  let kept = 0;
  const counted = new Set<string>();
  return listSteps(store, folder).filter((entry) => {
    const digest = entry.result.layer?.descriptor.digest;
    // Two steps may have made the same layer.
    if (digest !== undefined && !counted.has(digest)) {
      counted.add(digest);
      kept += entry.size;
    }
    if (kept <= options.keep || entry.usedAt >= (options.before ?? Number.POSITIVE_INFINITY)) return false;
    rmSync(`${stepsFolder(folder)}/${entry.key}.json`, { force: true });
    return true;
  });
}
