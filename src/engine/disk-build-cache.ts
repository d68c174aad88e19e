import { statSync } from "node:fs";
import { treeBytes } from "#host";
import { listImages } from "#image";
import { listBuildCache } from "./build-cache.ts";
import { partsOfImage, partsOfLayer, sizeOfParts } from "./disk-parts.ts";
import type { Engine } from "./engine-handle.ts";

/** One thing that builds remember, as Docker's `GET /system/df` tells of it. */
export interface CacheUsage {
  readonly id: string;
  /** `regular`: the layer of a step; `exec.cachemount`: the folders of RUN --mount=type=cache; `source.local`: contexts. */
  readonly type: "regular" | "exec.cachemount" | "source.local";
  readonly description: string;
  readonly size: number;
  /** An image has it too, so to forget it frees nothing. */
  readonly shared: boolean;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
  /** The same; 0 where the file system does not tell. */
  readonly madeAt: number;
}

export interface BuildCacheUsage {
  readonly entries: readonly CacheUsage[];
  /** What is not shared with images, each layer once. */
  readonly bytes: number;
  readonly reclaimableBytes: number;
}

/** Nothing of it is in use when no build runs, and a build that runs makes again what it misses: all is reclaimable. */
export function measureBuildCache(engine: Engine): BuildCacheUsage {
  const ofImages = new Set(
    listImages(engine.store).images.flatMap((image) => [...partsOfImage(engine.store, image).keys()]),
  );
  const own = new Map<string, number>();
  const steps = listBuildCache(engine).map(({ key, result, usedAt, madeAt }): CacheUsage => {
    const parts =
      result.layer === null ? new Map<string, number>() : partsOfLayer(engine.store, result.layer);
    for (const [name, size] of parts) if (!ofImages.has(name)) own.set(name, size);
    const shared = parts.size > 0 && [...parts.keys()].every((name) => ofImages.has(name));
    const size = sizeOfParts(parts);
    return { id: key, type: "regular", description: result.title, size, shared, usedAt, madeAt };
  });
  const folders = [
    folderUsage(engine, "caches", "exec.cachemount", "folders of RUN --mount=type=cache"),
    folderUsage(engine, "contexts", "source.local", "contexts of builds"),
  ].flat();
  const bytes = sizeOfParts(own) + folders.reduce((sum, { size }) => sum + size, 0);
  return { entries: [...steps, ...folders], bytes, reclaimableBytes: bytes };
}

function folderUsage(
  engine: Engine,
  name: string,
  type: CacheUsage["type"],
  description: string,
): readonly CacheUsage[] {
  const path = `${engine.place.root}/build/${name}`;
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return [];
  const { mtimeMs: usedAt, birthtimeMs: madeAt } = info;
  return [{ id: name, type, description, size: treeBytes(path), shared: false, usedAt, madeAt }];
}
