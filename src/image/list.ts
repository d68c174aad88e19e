import { type Digest, reasonOf } from "#spec";
import { manifestsOf, readImage, type StoredImage } from "./find.ts";
import { layerPath } from "./layer/place.ts";
import { layerBytes } from "./layer-size.ts";
import { type Ref, readRefs } from "./refs.ts";
import type { Store } from "./store.ts";

export interface ImageList {
  /** Newest first. */
  readonly images: readonly StoredImage[];
  /** Names whose documents are missing or damaged. */
  readonly damaged: readonly { readonly name: string; readonly why: string }[];
}

/** All images, each once, with all its names. */
export function listImages(store: Store): ImageList {
  const refs = readRefs(store);
  const images = new Map<Digest, StoredImage>();
  const damaged: { name: string; why: string }[] = [];
  const read = new Set<Digest>();
  for (const ref of refs) {
    if (read.has(ref.descriptor.digest)) continue;
    read.add(ref.descriptor.digest);
    try {
      for (const image of imagesOf(store, refs, ref)) {
        const known = images.get(image.id);
        images.set(image.id, known === undefined ? image : merge(known, image));
      }
    } catch (error) {
      damaged.push({ name: ref.name ?? ref.descriptor.digest, why: reasonOf(error) });
    }
  }
  const time = (image: StoredImage) => (image.created === undefined ? 0 : Date.parse(image.created));
  return { images: [...images.values()].sort((a, b) => time(b) - time(a)), damaged };
}

function imagesOf(store: Store, refs: readonly Ref[], ref: Ref): readonly StoredImage[] {
  const manifests = manifestsOf(store, ref.descriptor);
  // Read even where it is missing, for the error.
  const descriptors = manifests.length === 0 ? [ref.descriptor] : manifests;
  return descriptors.map((descriptor) => readImage(store, refs, ref.descriptor, descriptor));
}

function merge(a: StoredImage, b: StoredImage): StoredImage {
  return {
    ...a,
    names: [...new Set([...a.names, ...b.names])],
    repoDigests: [...new Set([...a.repoDigests, ...b.repoDigests])],
  };
}

/**
 * Bytes that an image takes on this disk to be run: for each layer its unpacked file where there is one, else the
 * compressed blob. Smaller than Docker's size, which counts files one by one; layers shared with other images count.
 */
export function diskSize(store: Store, image: StoredImage): number {
  const diffIds = image.config.rootfs.diff_ids ?? [];
  return image.manifest.layers.reduce(
    (sum, layer, place) => sum + layerDiskSize(store, diffIds[place], layer.size),
    image.manifest.config.size,
  );
}

export function layerDiskSize(store: Store, diffId: Digest | undefined, compressed: number): number {
  if (diffId === undefined) return compressed;
  return layerBytes(layerPath(store, diffId, "erofs")) ?? compressed;
}
