import {
  type Compression,
  type ContainerDefaults,
  type Descriptor,
  type Digest,
  Digester,
  emptyImageConfig,
  type HistoryEntry,
  type ImageConfig,
  type Manifest,
  mediaType,
  type Platform,
} from "#spec";
import { type ByteSource, compress } from "./archive/stream.ts";
import { BlobWriter, writeBlob } from "./content.ts";
import type { Store } from "./store.ts";

/** A layer as an image names it: the blob, and the digest of its uncompressed tar. */
export interface LayerBlob {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

const layerType: Readonly<Record<Compression, string>> = {
  none: mediaType.ociLayer,
  gzip: mediaType.ociLayerGzip,
  zstd: mediaType.ociLayerZstd,
};

export function ociLayerType(compression: Compression): string {
  return layerType[compression];
}

/** Stores an uncompressed tar stream as a layer blob. Call it, and what follows, under holdContent(). */
export async function addLayerBlob(
  store: Store,
  tar: ByteSource,
  options: { readonly compression: Compression },
): Promise<LayerBlob> {
  using writer = new BlobWriter(store);
  if (options.compression === "none") {
    for await (const bytes of tar) writer.write(bytes);
    const digest = writer.commit();
    return { descriptor: { mediaType: layerType.none, digest, size: writer.size }, diffId: digest };
  }
  const digester = new Digester();
  async function* hashed() {
    for await (const bytes of tar) {
      digester.update(bytes);
      yield bytes;
    }
  }
  const { compression } = options;
  for await (const bytes of compress(hashed(), compression)) writer.write(bytes);
  const digest = writer.commit();
  return {
    descriptor: { mediaType: layerType[compression], digest, size: writer.size },
    diffId: digester.digest(),
  };
}

export interface ImageChange {
  /** What the image stands on; without it the image begins empty, for `platform`. */
  readonly base?: { readonly manifest: Manifest; readonly config: ImageConfig };
  readonly platform?: Platform;
  /** Put on top of the base's, bottom first. */
  readonly layers?: readonly LayerBlob[];
  /** The run defaults from those of the base. */
  readonly change?: (defaults: ContainerDefaults) => ContainerDefaults;
  /** One entry per step; `empty_layer` tells those that made no layer. */
  readonly history?: readonly HistoryEntry[];
  /** RFC 3339. Given by the caller, so that the same input gives the same digest. */
  readonly created: string;
  readonly author?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface WrittenImage {
  readonly id: Digest;
  /** The manifest, ready for setRef(). */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

const configOrder = [
  "created",
  "author",
  "architecture",
  "variant",
  "os",
  "os.version",
  "os.features",
  "config",
  "rootfs",
  "history",
];
const defaultsOrder = [
  "User",
  "ExposedPorts",
  "Env",
  "Entrypoint",
  "Cmd",
  "Volumes",
  "WorkingDir",
  "Labels",
  "StopSignal",
  "Healthcheck",
  "Shell",
];

/** Writes config and manifest of a new image, the same bytes for the same change. The name is set by setRef(). */
export function writeImage(store: Store, change: ImageChange): WrittenImage {
  const base = change.base;
  const layers = change.layers ?? [];
  const before: ImageConfig = base?.config ?? { ...emptyImageConfig, ...change.platform };
  const defaults = change.change?.(before.config ?? {}) ?? before.config ?? {};
  // Docker's config says by which container it was made; that is no longer so.
  const {
    container: _container,
    container_config: _old,
    ...kept
  } = before as unknown as Record<string, unknown>;
  const config = ordered(
    {
      ...kept,
      created: change.created,
      ...(change.author === undefined ? {} : { author: change.author }),
      config: ordered(dropEmpty(defaults), defaultsOrder),
      rootfs: {
        type: "layers",
        diff_ids: [...(before.rootfs.diff_ids ?? []), ...layers.map((layer) => layer.diffId)],
      },
      history: [...(before.history ?? []), ...(change.history ?? [])],
    },
    configOrder,
  ) as unknown as ImageConfig;
  const configBytes = Buffer.from(JSON.stringify(config));
  const id = writeBlob(store, configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: id, size: configBytes.length },
    layers: [...(base?.manifest.layers ?? []).map(ociLayer), ...layers.map((layer) => layer.descriptor)],
    ...(change.annotations === undefined ? {} : { annotations: change.annotations }),
  };
  return { id, descriptor: writeManifest(store, manifest, config), manifest, config };
}

/** Stores a manifest and gives the descriptor that names it, with its platform. */
export function writeManifest(store: Store, manifest: Manifest, config: ImageConfig): Descriptor {
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = writeBlob(store, bytes);
  return { mediaType: mediaType.ociManifest, digest, size: bytes.length, platform: platformOf(config) };
}

export function platformOf(config: ImageConfig): Platform {
  const { variant } = config;
  return {
    architecture: config.architecture,
    os: config.os,
    ...(variant == null || variant === "" ? {} : { variant }),
  };
}

/** Docker's layer types under their OCI names: one manifest speaks one language. */
function ociLayer(layer: Descriptor): Descriptor {
  const names: Readonly<Record<string, string>> = {
    [mediaType.dockerLayer]: mediaType.ociLayer,
    [mediaType.dockerLayerGzip]: mediaType.ociLayerGzip,
    [mediaType.dockerLayerZstd]: mediaType.ociLayerZstd,
  };
  const type = names[layer.mediaType];
  return type === undefined ? layer : { ...layer, mediaType: type };
}

/** Known keys in the order of the specification, others behind them by name. */
function ordered(object: object, order: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(object);
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function dropEmpty(defaults: ContainerDefaults): object {
  return Object.fromEntries(
    Object.entries(defaults)
      .filter(([, value]) => value != null)
      .map(([key, value]) => [
        key,
        key === "Labels" || key === "ExposedPorts" || key === "Volumes" ? sorted(value) : value,
      ]),
  );
}

function sorted(map: object): object {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
