import { layerDiskSize, type StoredImage } from "#image";
import type { Digest } from "#spec";
import type { Engine } from "./engine-handle.ts";

/** The part of an image's diskSize() that other images of the list have too. */
export function sharedLayerBytes(
  engine: Engine,
  images: readonly StoredImage[],
): (image: StoredImage) => number {
  const holders = new Map<Digest, number>();
  for (const image of images)
    for (const diffId of new Set(image.config.rootfs.diff_ids ?? []))
      holders.set(diffId, (holders.get(diffId) ?? 0) + 1);
  return (image) =>
    (image.config.rootfs.diff_ids ?? []).reduce((sum, diffId, place) => {
      if ((holders.get(diffId) ?? 0) < 2) return sum;
      return sum + layerDiskSize(engine.store, diffId, image.manifest.layers[place]?.size ?? 0);
    }, 0);
}
