import { lstatSync, readdirSync } from "node:fs";
import { blobSize, layerPlace, listImages, type StoredImage } from "#image";
import type { ContainerSpec } from "#runtime";
import type { Digest } from "#spec";
import { containerFolder } from "./container/folder.ts";
import { type ContainerEntry, listContainers } from "./container/list.ts";
import type { Engine } from "./engine-handle.ts";
import { imageUsers } from "./image-users.ts";

// What the store takes on the disk. Bytes everywhere.

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
}

/** Measures images and containers. Walks the writable layers, which takes a while when they are large. */
export function measureDisk(engine: Engine): DiskUsage {
  return {
    ...measureImages(engine),
    containers: listContainers(engine).map((entry) => ({
      entry,
      running: ["starting", "running", "paused"].includes(entry.state.status),
      size: folderBytes(`${containerFolder(engine, entry.spec.id).folder}/rw/upper`),
    })),
  };
}

/** The part of measureDisk() that is about images. */
export function measureImages(engine: Engine): Omit<DiskUsage, "containers"> {
  const { images } = listImages(engine.store);
  const usersOf = imageUsers(engine);
  const parts = new Map(images.map((image) => [image, partsOf(engine, image)]));
  const counts = new Map<string, number>();
  for (const part of parts.values())
    for (const name of part.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const used = new Set<string>();
  for (const [image, part] of parts)
    if (usersOf(image).length > 0) for (const name of part.keys()) used.add(name);
  const all = new Map([...parts.values()].flatMap((part) => [...part]));
  return {
    images: images.map((image) => {
      const part = [...(parts.get(image) ?? [])];
      return {
        image,
        containers: usersOf(image).length,
        size: sum(part.map(([, size]) => size)),
        shared: sum(part.filter(([name]) => (counts.get(name) ?? 0) > 1).map(([, size]) => size)),
      };
    }),
    imageBytes: sum([...all.values()]),
    reclaimableImageBytes: sum([...all].filter(([name]) => !used.has(name)).map(([, size]) => size)),
  };
}

/** Bytes of what a container has written, and of the layers of its image. Walks the writable layer. */
export function writableBytes(
  engine: Engine,
  spec: ContainerSpec,
): { readonly written: number; readonly image: number } {
  const layers = spec.image.diffIds.map((diffId) => layerPlace(engine.store, diffId));
  return {
    written: folderBytes(`${containerFolder(engine, spec.id).folder}/rw/upper`),
    image: sum(layers.map((layer) => (layer === undefined ? 0 : folderBytes(layer.path)))),
  };
}

/** Everything on the disk that an image needs, by name, so that shared parts count once. */
function partsOf(engine: Engine, image: StoredImage): ReadonlyMap<string, number> {
  const { store } = engine;
  const blobs: Digest[] = [
    image.manifestDigest,
    image.manifest.config.digest,
    ...image.manifest.layers.map((layer) => layer.digest),
  ];
  const parts = new Map<string, number>(blobs.map((digest) => [digest, blobSize(store, digest) ?? 0]));
  for (const diffId of image.config.rootfs.diff_ids ?? []) {
    const place = layerPlace(store, diffId);
    if (place !== undefined) parts.set(place.path, folderBytes(place.path));
  }
  return parts;
}

/** Bytes that a file or a tree takes on the disk, holes left out. Links are counted, not followed. */
function folderBytes(path: string): number {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  if (!info.isDirectory()) return info.isFile() ? info.blocks * 512 : 0;
  return sum(namesIn(path).map((name) => folderBytes(`${path}/${name}`)));
}

/** A container that runs takes folders away while they are measured. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
