import { rmSync, statSync } from "node:fs";
import { type CacheEntry, forgetSteps, listSteps } from "#build";
import { type Collected, collectGarbage } from "#image";
import { parseSize } from "#spec";
import type { Engine } from "./engine-handle.ts";
import { heldContent } from "./image-users.ts";

/** What builds remember: the steps, the one used last first. */
export function listBuildCache(engine: Engine): readonly CacheEntry[] {
  return listSteps(engine.store, `${engine.place.root}/build`);
}

/** Bytes of finished steps to keep: VIAL_BUILD_CACHE, else ten gigabytes. */
export function buildCacheLimit(): number {
  const text = process.env.VIAL_BUILD_CACHE;
  return text === undefined || text === "" ? 10 * 2 ** 30 : parseSize(text);
}

export interface PruneCacheOptions {
  /** Bytes of what was used last to keep. */
  readonly keep: number;
  /** Only what was last used before: milliseconds since 1970. */
  readonly before?: number;
  /** The folders of RUN --mount=type=cache as well. */
  readonly all: boolean;
}

/** Changes whenever a step is remembered or forgotten: milliseconds since 1970. */
export function timeOfSteps(engine: Engine): number | undefined {
  return statSync(`${engine.place.root}/build/steps`, { throwIfNoEntry: false })?.mtimeMs;
}

/** Forgets what was used longest ago until `keep` bytes are left; does nothing most of the time. */
export function trimBuildCache(engine: Engine, keep: number): void {
  const forgotten = forgetSteps(engine.store, `${engine.place.root}/build`, { keep });
  if (forgotten.length > 0) collectGarbage(engine.store, { held: () => heldContent(engine) });
}

/** Forgets steps, and frees the layers that no image has. */
export function pruneBuildCache(
  engine: Engine,
  options: PruneCacheOptions,
): Collected & { readonly forgotten: readonly CacheEntry[] } {
  const folder = `${engine.place.root}/build`;
  const forgotten = forgetSteps(engine.store, folder, options);
  if (options.all)
    for (const name of ["caches", "contexts"]) rmSync(`${folder}/${name}`, { recursive: true, force: true });
  return { forgotten, ...collectGarbage(engine.store, { held: () => heldContent(engine) }) };
}
