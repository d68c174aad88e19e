import { listImages, type StoredImage } from "#image";
import { type ContainerEntry, listContainers } from "./container/list.ts";
import { type BuildCacheUsage, measureBuildCache } from "./disk-build-cache.ts";
import { partsOfImage, sizeOfParts } from "./disk-parts.ts";
import { upperBytes } from "./disk-written.ts";
import type { Engine } from "./engine-handle.ts";
import { imageUsers } from "./image-users.ts";
import { measureVolumes, type VolumeUsage } from "./volume/usage.ts";

// What the store takes on the disk. Bytes everywhere, as du(1) counts them: whole blocks, folders too, holes not, a file
// with several names once. What images share is counted once in their sum.

export interface ImageUsage {
  readonly image: StoredImage;
  /** How many containers were made from it. */
  readonly containers: number;
  readonly size: number;
  /** The part that other images have too. */
  readonly shared: number;
}

export interface ContainerUsage {
  readonly entry: ContainerEntry;
  readonly running: boolean;
  /** The writable layer. */
  readonly size: number;
}

export interface DiskUsage {
  readonly images: readonly ImageUsage[];
  /** What all images take together, each layer once. */
  readonly imageBytes: number;
  /** What the images take that no container uses. */
  readonly reclaimableImageBytes: number;
  readonly containers: readonly ContainerUsage[];
  readonly volumes: readonly VolumeUsage[];
  readonly buildCache: BuildCacheUsage;
}

export type DiskSubject = "images" | "containers" | "volumes" | "build-cache";
const allSubjects: readonly DiskSubject[] = ["images", "containers", "volumes", "build-cache"];

/** Measures what is asked for. Walks writable layers, layers that are folders, and volumes, which may take a while. */
export function measureDisk(engine: Engine, subjects: readonly DiskSubject[] = allSubjects): DiskUsage {
  const wants = (subject: DiskSubject) => subjects.includes(subject);
  return {
    ...(wants("images") ? measureImages(engine) : noImages),
    containers: wants("containers") ? measureContainers(engine) : [],
    volumes: wants("volumes") ? measureVolumes(engine) : [],
    buildCache: wants("build-cache")
      ? measureBuildCache(engine)
      : { entries: [], bytes: 0, reclaimableBytes: 0 },
  };
}

const noImages = { images: [], imageBytes: 0, reclaimableImageBytes: 0 };

export function measureImages(
  engine: Engine,
): Pick<DiskUsage, "images" | "imageBytes" | "reclaimableImageBytes"> {
  const { images } = listImages(engine.store);
  const usersOf = imageUsers(engine);
  const parts = new Map(images.map((image) => [image, partsOfImage(engine.store, image)]));
  const counts = new Map<string, number>();
  for (const part of parts.values())
    for (const name of part.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const all = new Map([...parts.values()].flatMap((part) => [...part]));
  const used = new Set(
    [...parts].flatMap(([image, part]) => (usersOf(image).length > 0 ? [...part.keys()] : [])),
  );
  return {
    images: images.map((image) => {
      const part = parts.get(image) ?? new Map<string, number>();
      return {
        image,
        containers: usersOf(image).length,
        size: sizeOfParts(part),
        shared: sizeOfParts(part, (name) => (counts.get(name) ?? 0) > 1),
      };
    }),
    imageBytes: sizeOfParts(all),
    reclaimableImageBytes: sizeOfParts(all, (name) => !used.has(name)),
  };
}

function measureContainers(engine: Engine): readonly ContainerUsage[] {
  return listContainers(engine).map((entry) => ({
    entry,
    running: ["starting", "running", "paused"].includes(entry.state.status),
    size: upperBytes(engine, entry.spec.id),
  }));
}
