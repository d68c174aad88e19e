import { closeSync, openSync, readSync } from "node:fs";
import { blobPath, canMountErofs, layerPlace, type Store, startUnpack, unpackFile } from "#image";
import type { LayerUnpacker } from "#registry";
import { type Descriptor, type Digest, sniffCompression } from "#spec";

// How layers come to lie unpacked on this host: as one file each where this user and kernel can mount those, as folders
// elsewhere.

/** Told of what a folder could not hold (devices of an ordinary user), as sentences. */
export type Warn = (sentence: string) => void;

/** Unpacks layers while they are pulled. */
export function layerUnpacker(store: Store, warn: Warn): LayerUnpacker {
  const form = canMountErofs(store) ? "erofs" : "folder";
  return {
    has: (diffId) => layerPlace(store, diffId, form) !== undefined,
    async start(diffId, compression) {
      const unpacking = await startUnpack(store, { diffId, compression, form });
      // Another process has just unpacked it: the bytes are still verified as a blob by who calls.
      if (unpacking === undefined) return { write: () => {}, finish: () => {}, abort: () => {} };
      return {
        write: (chunk) => unpacking.write(chunk),
        finish: async () => (await unpacking.finish()).leftOut.forEach(warn),
        abort: () => unpacking.abort(),
      };
    },
  };
}

/** Unpacks a layer whose blob is in the store (load, import, bootstrap, commit). Nothing happens where it lies unpacked. */
export async function unpackStoredLayer(
  store: Store,
  layer: { readonly descriptor: Descriptor; readonly diffId: Digest },
  warn: Warn,
): Promise<void> {
  const form = canMountErofs(store) ? "erofs" : "folder";
  if (layerPlace(store, layer.diffId, form) !== undefined) return;
  const path = blobPath(store, layer.descriptor.digest);
  const result = await unpackFile(store, path, {
    diffId: layer.diffId,
    compression: sniffCompression(headOf(path)),
    form,
  });
  result?.leftOut.forEach(warn);
}

/** The bytes decide, not the media type: archives lie about it. */
function headOf(path: string): Buffer {
  const head = Buffer.alloc(6);
  const fd = openSync(path, "r");
  try {
    return head.subarray(0, readSync(fd, head));
  } finally {
    closeSync(fd);
  }
}
