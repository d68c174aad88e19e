import { treeBytes } from "#host";
import { blobPath, layerPlace, type LayerBlob, type Store, type StoredImage } from "#image";
import type { Digest } from "#spec";

/** Bytes on the disk by the name of a blob or of an unpacked layer, so that shared parts count once. */
export type DiskParts = ReadonlyMap<string, number>;

/** Everything on the disk that an image needs. */
export function partsOfImage(store: Store, image: StoredImage): DiskParts {
  const blobs: readonly Digest[] = [
    image.manifestDigest,
    image.manifest.config.digest,
    ...image.manifest.layers.map((layer) => layer.digest),
  ];
  return partsOf(store, blobs, image.config.rootfs.diff_ids ?? []);
}

/** What a step of a build has made. */
export function partsOfLayer(store: Store, layer: LayerBlob): DiskParts {
  return partsOf(store, [layer.descriptor.digest], [layer.diffId]);
}

function partsOf(store: Store, blobs: readonly Digest[], diffIds: readonly Digest[]): DiskParts {
  const parts = new Map<string, number>(blobs.map((digest) => [digest, treeBytes(blobPath(store, digest))]));
  for (const diffId of diffIds) {
    const place = layerPlace(store, diffId);
    if (place !== undefined) parts.set(place.path, treeBytes(place.path));
  }
  return parts;
}

export function sizeOfParts(parts: DiskParts, counts: (name: string) => boolean = () => true): number {
  return [...parts].reduce((sum, [name, size]) => sum + (counts(name) ? size : 0), 0);
}
