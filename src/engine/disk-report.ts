import { type CacheUsage, measureBuildCache } from "./disk-build-cache.ts";
import { measureImages } from "./disk-usage.ts";
import { writableBytes } from "./disk-written.ts";
import { listContainers } from "./container/list.ts";
import type { Engine } from "./engine-handle.ts";
import { measureVolumes } from "./volume/usage.ts";

// What things take on the disk, as a document: a server has it measured by a process of its own, for it walks every file.

export const diskTypes = ["image", "container", "volume", "build-cache"] as const;
export type DiskType = (typeof diskTypes)[number];

export interface DiskReport {
  /** By ID. */
  readonly images: Readonly<Record<string, { readonly size: number; readonly shared: number }>>;
  /** All layers, each once. */
  readonly imageBytes: number;
  /** By ID: what each has written, and what its image takes. */
  readonly containers: Readonly<Record<string, { readonly written: number; readonly image: number }>>;
  readonly buildCache: readonly CacheUsage[];
  /** By name. */
  readonly volumes: Readonly<Record<string, { readonly size: number; readonly users: number }>>;
}

/** Measures what is asked for; the rest is empty. */
export function reportDisk(engine: Engine, types: readonly string[]): DiskReport {
  const measured = types.includes("image") ? measureImages(engine) : undefined;
  const containers = types.includes("container") ? listContainers(engine) : [];
  const volumes = types.includes("volume") ? measureVolumes(engine) : [];
  return {
    images: Object.fromEntries(
      (measured?.images ?? []).map(({ image, size, shared }) => [image.id, { size, shared }]),
    ),
    imageBytes: measured?.imageBytes ?? 0,
    containers: Object.fromEntries(containers.map(({ spec }) => [spec.id, writableBytes(engine, spec)])),
    buildCache: types.includes("build-cache") ? measureBuildCache(engine).entries : [],
    volumes: Object.fromEntries(volumes.map(({ volume, size, users }) => [volume.name, { size, users }])),
  };
}
