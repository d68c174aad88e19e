import { type LayerBlob, writeImage, type WrittenImage } from "#image";
import type { ImageConfig, Manifest, Platform } from "#spec";
import type { Store } from "#image";
import type { StepResult } from "./step-record.ts";

// The cache of a build, to be taken along: an OCI image whose layers are what the steps have made, and whose config says
// in a label which step made which. An image, because every registry and every layout folder takes one.

/** The label with the steps, as JSON. */
const label = "vial.build-cache";
const version = 1;

/** What the label holds. */
interface CacheDocument {
  readonly version: number;
  readonly steps: readonly {
    readonly key: string;
    /** Of the layer; null: the step changed nothing. */
    readonly diffId: string | null;
    readonly took: number;
    readonly title: string;
    readonly carried?: string;
  }[];
}

/** Writes the cache of these steps into the store. Nothing names it there. */
export function writeCacheImage(
  store: Store,
  steps: ReadonlyMap<string, StepResult>,
  platform: Platform,
): WrittenImage {
  const layers = new Map<string, LayerBlob>();
  for (const { layer } of steps.values()) if (layer !== null) layers.set(layer.diffId, layer);
  const document: CacheDocument = {
    version,
    steps: [...steps].map(([key, { layer, took, title, carried }]) => ({
      key,
      diffId: layer === null ? null : layer.diffId,
      took: Math.round(took),
      title,
      ...(carried === undefined ? {} : { carried }),
    })),
  };
  return writeImage(store, {
    platform,
    layers: [...layers.values()],
    change: () => ({ Labels: { [label]: JSON.stringify(document) } }),
    history: [...layers.values()].map(() => ({ created_by: "a layer of a build cache" })),
    // The same steps give the same cache.
    created: "1970-01-01T00:00:00Z",
  });
}

/**
 * The steps of a cache image by their keys. Undefined: it is no cache, or one of a version that is not known. What a
 * stranger wrote is checked for its form; that a key stands for a layer is his word, as with every cache.
 */
export function readCacheImage(
  manifest: Manifest,
  config: ImageConfig,
): ReadonlyMap<string, StepResult> | undefined {
  const text = config.config?.Labels?.[label];
  if (text === undefined) return undefined;
  let document: CacheDocument;
  try {
    document = JSON.parse(text) as CacheDocument;
  } catch {
    return undefined;
  }
  if (document?.version !== version || !Array.isArray(document.steps)) return undefined;
  const diffIds = config.rootfs.diff_ids ?? [];
  const steps = new Map<string, StepResult>();
  for (const step of document.steps) {
    if (typeof step !== "object" || step === null || typeof step.key !== "string") return undefined;
    const { key, diffId, took, title, carried } = step;
    if (!/^[0-9a-f]{64}$/.test(key) || typeof title !== "string" || typeof took !== "number")
      return undefined;
    if (carried !== undefined && typeof carried !== "string") return undefined;
    const rest = { took, title, ...(carried === undefined ? {} : { carried }) };
    if (typeof diffId !== "string") {
      if (diffId !== null) return undefined;
      steps.set(key, { layer: null, ...rest });
      continue;
    }
    const at = diffIds.findIndex((known) => String(known) === diffId);
    const [descriptor, known] = [manifest.layers[at], diffIds[at]];
    if (descriptor === undefined || known === undefined) return undefined;
    steps.set(key, { layer: { descriptor, diffId: known }, ...rest });
  }
  return steps;
}
