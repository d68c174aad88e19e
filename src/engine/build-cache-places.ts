import {
  type CacheSource,
  readCacheImage,
  type Session,
  type StepResult,
  type Worker,
  writeCacheImage,
} from "#build";
import { openLayoutImage, type Store, saveLayout, sweepLayout } from "#image";
import { type CredentialFinder, findCredential, openRemoteImage, pushImage } from "#registry";
import {
  type Descriptor,
  hostPlatform,
  type ImageConfig,
  type ImageReference,
  type Manifest,
  parseNamed,
  printFamiliar,
  reasonOf,
} from "#spec";
import type { Engine } from "./engine-handle.ts";
import { cacheUnwritable } from "./error.ts";
import { newTransport } from "./images.ts";
import { layerUnpacker, type Warn } from "./layers.ts";

// Where caches of builds come from and go to beside the store: `--cache-from` and `--cache-to`.

export type CachePlace =
  | { readonly kind: "local"; readonly folder: string }
  | { readonly kind: "registry"; readonly reference: ImageReference };

export interface CacheTarget {
  readonly place: CachePlace;
  /** `min`: the steps of the image alone; `max`: those of all stages. */
  readonly mode: "min" | "max";
  /** A cache that cannot be written is no failure of the build. */
  readonly ignoreError: boolean;
}

interface SourceOptions {
  readonly warn: Warn;
  /** Default: as this person has signed in. */
  readonly credential?: CredentialFinder;
  readonly signal: AbortSignal;
}

/**
 * Opens a cache. One that is not there, or cannot be read, costs time and nothing else: then a warning is given and the
 * source is undefined. Layers are fetched when a step asks for them. Call it under holdContent().
 */
export async function openCacheSource(
  engine: Engine,
  worker: Worker,
  place: CachePlace,
  options: SourceOptions,
): Promise<CacheSource | undefined> {
  const title = titleOf(place);
  try {
    const opened =
      place.kind === "local"
        ? openFolder(engine.store, place.folder)
        : await openRemote(engine, place.reference, options);
    if (opened === undefined) {
      options.warn(`there is no cache at ${title}`);
      return undefined;
    }
    const steps = readCacheImage(opened.manifest, opened.config);
    if (steps === undefined) {
      options.warn(`${title} is no cache that this version of Vial can read`);
      return undefined;
    }
    return sourceOf(worker, steps, opened, title, options);
  } catch (error) {
    if (options.signal.aborted) throw error;
    options.warn(`the cache at ${title} cannot be read: ${reasonOf(error)}`);
    return undefined;
  }
}

interface OpenedCache {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  fetch(layer: Descriptor): Promise<void>;
}

function sourceOf(
  worker: Worker,
  steps: ReadonlyMap<string, StepResult>,
  opened: OpenedCache,
  title: string,
  options: SourceOptions,
): CacheSource {
  let isBroken = false;
  return {
    async find(key) {
      const result = isBroken ? undefined : steps.get(key);
      if (result === undefined || result.layer === null) return result;
      try {
        await opened.fetch(result.layer.descriptor);
        // Before anybody stands on it: what its bytes unpack to has to be what the cache said.
        await worker.unpackedLayer(result.layer);
        return result;
      } catch (error) {
        if (options.signal.aborted) throw error;
        isBroken = true;
        options.warn(`the cache at ${title} is left out from here on: ${reasonOf(error)}`);
        return undefined;
      }
    },
  };
}

function openFolder(store: Store, folder: string): OpenedCache | undefined {
  const image = openLayoutImage(store, folder, `the cache "${folder}"`);
  return image === undefined ? undefined : { ...image, fetch: async (layer) => image.keepLayer(layer) };
}

async function openRemote(
  engine: Engine,
  reference: ImageReference,
  options: SourceOptions,
): Promise<OpenedCache> {
  const { store } = engine;
  const image = await openRemoteImage({
    store,
    reference,
    transport: newTransport(options.signal),
    credential: options.credential ?? findCredential,
    unpacker: layerUnpacker(store, options.warn),
    doing: "read the build cache",
    signal: options.signal,
  });
  return {
    ...image,
    fetch: (layer) =>
      image.fetchLayer(image.manifest.layers.findIndex((known) => known.digest === layer.digest)),
  };
}

/** Writes what the steps of a build have made. Throws cache-unwritable. Call it under holdContent(). */
export async function writeCache(
  engine: Engine,
  session: Session,
  target: CacheTarget,
  own: readonly Descriptor[],
  options: SourceOptions,
): Promise<void> {
  const { store } = engine;
  const { place, mode } = target;
  const inImage = new Set(own.map((layer) => layer.digest));
  const steps = [...session.results].filter(
    ([, { layer }]) => mode === "max" || layer === null || inImage.has(layer.descriptor.digest),
  );
  const image = writeCacheImage(store, new Map(steps), session.options.platform ?? hostPlatform());
  const { descriptor, manifest, config } = image;
  try {
    if (place.kind === "local") {
      const saved = {
        target: descriptor,
        manifest,
        manifestDigest: descriptor.digest,
        manifestSize: descriptor.size,
        config,
      };
      saveLayout(store, [{ image: saved, references: [cacheName] }], place.folder);
      sweepLayout(place.folder, [descriptor, manifest.config, ...manifest.layers]);
    } else
      await pushImage({
        store,
        target: descriptor,
        reference: place.reference,
        transport: newTransport(options.signal),
        credential: options.credential ?? findCredential,
        signal: options.signal,
      });
  } catch (error) {
    if (options.signal.aborted) throw error;
    const failure = cacheUnwritable(titleOf(place), error);
    if (!target.ignoreError) throw failure;
    options.warn(`${failure.message}: ${reasonOf(error)}`);
  }
}

const cacheName = parseNamed("cache:latest");

function titleOf(place: CachePlace): string {
  return place.kind === "local" ? `"${place.folder}"` : `"${printFamiliar(place.reference)}"`;
}
