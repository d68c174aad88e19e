import { hasBlob, holdContent, layerPlace, readBlob } from "#image";
import { parseManifest } from "#spec";
import type { Engine } from "../engine-handle.ts";
import type { ImageRecord } from "./image-record.ts";

// An unpacked layer is a copy of its blob: one that was set aside by `vial check --repair`, or lost, is made again.

type Layers = Pick<ImageRecord, "manifestDigest" | "diffIds">;

/** Whether every layer lies unpacked: a few microseconds each. */
export function isUnpacked(engine: Engine, image: Layers): boolean {
  return image.diffIds.every((diffId) => layerPlace(engine.store, diffId) !== undefined);
}

/**
 * Unpacks the layers that are not, from their blobs. One whose blob is gone too is left: the start then says so
 * (layer-missing).
 */
export async function unpackAgain(
  engine: Engine,
  image: Layers,
  warn: (sentence: string) => void,
): Promise<void> {
  const { store } = engine;
  using _hold = holdContent(store);
  if (!hasBlob(store, image.manifestDigest)) return;
  const { layers } = parseManifest(readBlob(store, image.manifestDigest));
  const { unpackStoredLayer } = await import("../layers.ts");
  for (const [place, diffId] of image.diffIds.entries()) {
    const descriptor = layers[place];
    if (descriptor === undefined || !hasBlob(store, descriptor.digest)) continue;
    if (layerPlace(store, diffId) === undefined) await unpackStoredLayer(store, { descriptor, diffId }, warn);
  }
}
