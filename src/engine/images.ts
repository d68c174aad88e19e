import {
  blobSize,
  findImage,
  importImage as importIntoStore,
  type LoadedImage,
  listImages,
  loadArchive,
  loadLayout,
  lookupImage,
  type StoredImage,
} from "#image";
import {
  type CredentialFinder,
  findCredential,
  originEndpoint,
  pullImage as pullIntoStore,
  pushImage as pushFromStore,
  type Report,
  readRegistriesConfig,
  RegistryClient,
  Transport,
} from "#registry";
import {
  type Descriptor,
  type Digest,
  familiarName,
  type ImageReference,
  isVialError,
  type Platform,
  parseNamed,
  printFamiliar,
} from "#spec";
import type { Engine } from "./engine-handle.ts";
import { pushWithDigest } from "./error.ts";
import { recordImageEvent } from "./events.ts";
import { layerUnpacker, unpackStoredLayer, type Warn } from "./layers.ts";

// Images between the store, registries and archives: the rooms `image` and `registry`, joined.

export interface TransferOptions {
  readonly platform?: Platform;
  readonly report?: Report;
  readonly warn?: Warn;
  /** Default: as this person has signed in. */
  readonly credential?: CredentialFinder;
  /** Ends the transfer; what has arrived is kept for the next. */
  readonly signal?: AbortSignal;
}

export interface PulledImage {
  readonly id: Digest;
  /** What the registry calls the content of the name. */
  readonly repositoryDigest: Digest;
  /** False when the store held the same before. */
  readonly changed: boolean;
}

/** Pulls an image and unpacks it, ready to run. Errors: those of the registry and of unpacking. */
export async function pullImage(
  engine: Engine,
  reference: ImageReference,
  options: TransferOptions = {},
): Promise<PulledImage> {
  const { store } = engine;
  const before = presentImage(engine, reference, options.platform);
  const known = before?.repoDigests
    .find((name) => name.startsWith(`${familiarName(reference)}@`))
    ?.split("@")[1] as Digest | undefined;
  const pulled = await pullIntoStore({
    store,
    reference,
    transport: newTransport(options.signal),
    credential: options.credential ?? findCredential,
    unpacker: layerUnpacker(store, options.warn ?? (() => {})),
    ...(known === undefined ? {} : { known }),
    ...(options.platform === undefined ? {} : { platform: options.platform }),
    ...(options.report === undefined ? {} : { report: options.report }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  recordImageEvent(engine, "pull", printFamiliar(reference), familiarName(reference));
  return {
    id: pulled.configDigest,
    repositoryDigest: pulled.repositoryDigest,
    changed: before?.id !== pulled.configDigest,
  };
}

/** What the name stands for now. Damaged, missing or for another platform, it is simply pulled. */
function presentImage(
  engine: Engine,
  reference: ImageReference,
  platform: Platform | undefined,
): StoredImage | undefined {
  try {
    return lookupImage(engine.store, printFamiliar(reference), platform);
  } catch (error) {
    if (isVialError(error)) return undefined;
    throw error;
  }
}

export interface PushedImage {
  readonly digest: Digest;
  /** Bytes of the manifest or index. */
  readonly size: number;
}

/** Pushes the image of a name to the registry in the name. With a platform, that one's manifest alone. */
export async function pushImage(
  engine: Engine,
  reference: ImageReference,
  options: TransferOptions = {},
): Promise<PushedImage> {
  if (reference.digest !== undefined) throw pushWithDigest(printFamiliar(reference));
  const { store } = engine;
  const image = findImage(store, printFamiliar(reference), options.platform);
  const target = options.platform === undefined ? image.target : manifestOf(engine, image);
  const { digest } = await pushFromStore({
    store,
    target,
    reference,
    transport: newTransport(options.signal),
    credential: options.credential ?? findCredential,
    mountFrom: holders(engine, reference),
    ...(options.report === undefined ? {} : { report: options.report }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  recordImageEvent(engine, "push", printFamiliar(reference), familiarName(reference));
  return { digest, size: target.size };
}

function manifestOf(engine: Engine, image: StoredImage): Descriptor {
  if (image.target.digest === image.manifestDigest) return image.target;
  const type = image.manifest.mediaType ?? "application/vnd.oci.image.manifest.v1+json";
  return {
    mediaType: type,
    digest: image.manifestDigest,
    size: blobSize(engine.store, image.manifestDigest) ?? 0,
  };
}

/** Other repositories of the same registry that may hold a blob, so that it need not be sent. */
function holders(engine: Engine, reference: ImageReference): (digest: Digest) => readonly string[] {
  const paths = new Map<Digest, Set<string>>();
  for (const image of listImages(engine.store).images) {
    for (const name of image.repoDigests) {
      const other = parseNamed(name);
      if (other.domain !== reference.domain || other.path === reference.path) continue;
      for (const { digest } of [image.manifest.config, ...image.manifest.layers]) {
        const known = paths.get(digest);
        if (known === undefined) paths.set(digest, new Set([other.path]));
        else known.add(other.path);
      }
    }
  }
  return (digest) => [...(paths.get(digest) ?? [])];
}

/** The tags of a repository at its registry, in the registry's order. */
export async function listRemoteTags(
  reference: ImageReference,
  signal?: AbortSignal,
  credential: CredentialFinder = findCredential,
): Promise<readonly string[]> {
  const name = familiarName(reference);
  const endpoint = originEndpoint(reference.domain);
  const client = new RegistryClient({
    transport: newTransport(signal),
    endpoint,
    path: reference.path,
    name,
    doing: `list the tags of "${name}"`,
    credential: await credential(endpoint.host, reference.path),
    actions: "pull",
    signal,
  });
  return await client.listTags();
}

/** Speaks with registries as this person has set them up. */
export function newTransport(signal: AbortSignal | undefined, insecure?: string): Transport {
  const config = readRegistriesConfig();
  const hosts = new Map(config.hosts);
  // `--no-https`: as if the settings allowed it for this host.
  if (insecure !== undefined) hosts.set(insecure, { ...hosts.get(insecure), insecure: true });
  return new Transport({ config: { ...config, hosts }, ...(signal === undefined ? {} : { signal }) });
}

/** Where an archive is: bytes, or the folder of an OCI layout. */
export type ArchivePlace = { readonly bytes: AsyncIterable<Uint8Array> } | { readonly folder: string };

export interface LoadOptions {
  /** What is loaded, for errors: `the archive "x.tar"`. */
  readonly subject: string;
  readonly platform?: Platform;
  readonly warn?: Warn;
  /** Bytes read so far. */
  readonly progress?: (bytes: number) => void;
}

/** Loads every image of an archive and unpacks it, ready to run. */
export async function loadImages(
  engine: Engine,
  place: ArchivePlace,
  options: LoadOptions,
): Promise<readonly LoadedImage[]> {
  const { store } = engine;
  const { warn = () => {}, ...rest } = options;
  const full = {
    ...rest,
    unpack: (layer: { readonly descriptor: Descriptor; readonly diffId: Digest }) =>
      unpackStoredLayer(store, layer, warn),
  };
  const loaded =
    "folder" in place
      ? await loadLayout(store, place.folder, full)
      : await loadArchive(store, place.bytes, full);
  for (const { id } of loaded) recordImageEvent(engine, "load", id);
  return loaded;
}

type ImportWish = Omit<NonNullable<Parameters<typeof importIntoStore>[2]>, "unpack"> & {
  readonly warn?: Warn;
};

/** Makes an image of a root file system in a tar, and unpacks it, ready to run. */
export async function importImage(
  engine: Engine,
  bytes: AsyncIterable<Uint8Array>,
  wish: ImportWish,
): Promise<{ readonly id: Digest }> {
  const { store } = engine;
  const { warn = () => {}, ...rest } = wish;
  const image = await importIntoStore(store, bytes, {
    ...rest,
    unpack: (layer) => unpackStoredLayer(store, layer, warn),
  });
  recordImageEvent(engine, "import", image.id);
  return image;
}
