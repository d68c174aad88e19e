import { setAside } from "#host";
import { blobPath, hasBlob, openIngest, readBlob, type Store } from "#image";
import {
  type Descriptor,
  type Digest,
  Digester,
  digestAlgorithm,
  hostPlatform,
  type ImageConfig,
  type ImageReference,
  isForeignLayerType,
  isIndexType,
  type Manifest,
  mediaType,
  parseImageConfig,
  parseIndex,
  parseManifest,
  type Platform,
  platformScore,
} from "#spec";
import { type RemoteManifest, typeOfManifest } from "./client.ts";
import {
  answerTooLarge,
  artifactRefused,
  foreignLayerRefused,
  imageForOtherPlatform,
  layerCountMismatch,
  manifestMismatch,
  manifestTypeContradiction,
  platformMissing,
} from "./error.ts";
import type { PullSource } from "./source.ts";

// The documents of an image that lies in a registry: index, manifest and config, verified, before any layer.

const maxDocumentBytes = 4 * 1024 * 1024;
const maxIndexDepth = 4;
const configTypes: readonly string[] = [mediaType.ociConfig, mediaType.dockerConfig];

export interface RemoteOptions {
  readonly reference: ImageReference;
  /** Default: this machine's. */
  readonly platform?: Platform;
  /** What the name stands for in the store now. Then a HEAD may show that nothing has changed. */
  readonly known?: Digest;
}

export interface RemoteDocuments {
  readonly documents: Documents;
  /** What the name stands for: a manifest or an index. */
  readonly root: RemoteManifest;
  readonly manifest: Manifest;
  readonly descriptor: Descriptor;
  readonly config: ImageConfig;
  /** As many as there are layers. */
  readonly diffIds: readonly Digest[];
}

/** Fetches the documents of an image. Call it, and what follows, under holdContent(). */
export async function openRemote(
  store: Store,
  source: PullSource,
  options: RemoteOptions,
  doing: string,
): Promise<RemoteDocuments> {
  const documents = new Documents(store, source, doing);
  const root = await documents.resolve(options.reference, options.known);
  const { manifest, descriptor } = await choosePlatform(documents, root, options, doing);
  const config = await fetchConfig(documents, manifest, options, doing);
  const diffIds = config.rootfs.diff_ids ?? [];
  if (diffIds.length !== manifest.layers.length)
    throw layerCountMismatch(doing, manifest.layers.length, diffIds.length);
  return { documents, root, manifest, descriptor, config, diffIds };
}

/** Follows indexes to the manifest that serves the platform best. */
export async function choosePlatform(
  documents: Documents,
  root: RemoteManifest,
  options: RemoteOptions,
  doing: string,
): Promise<{ manifest: Manifest; descriptor: Descriptor }> {
  const wanted = options.platform ?? hostPlatform();
  let current = root;
  let platform: Platform | undefined;
  for (let depth = 0; isIndexType(current.mediaType); depth++) {
    const entries = parseIndex(current.bytes).manifests;
    // An entry without a platform is taken when nothing better is there; its config is looked at later.
    const score = (entry: Descriptor) =>
      entry.platform === undefined ? 1 : platformScore(entry.platform, wanted);
    const best = entries.reduce<Descriptor | undefined>(
      (found, entry) => (score(entry) > (found === undefined ? 0 : score(found)) ? entry : found),
      undefined,
    );
    const present = entries
      .flatMap((entry) => entry.platform ?? [])
      .filter((entry) => entry.os !== "unknown");
    if (best === undefined || depth === maxIndexDepth) throw platformMissing(doing, wanted, present);
    platform = best.platform;
    current = await documents.get(best);
  }
  const { mediaType: type, digest, bytes } = current;
  return {
    manifest: parseManifest(bytes),
    descriptor: {
      mediaType: type,
      digest,
      size: bytes.length,
      ...(platform === undefined ? {} : { platform }),
    },
  };
}

/** The image config, after a look at what the manifest promises. */
async function fetchConfig(
  documents: Documents,
  manifest: Manifest,
  options: RemoteOptions,
  doing: string,
): Promise<ImageConfig> {
  if (!configTypes.includes(manifest.config.mediaType))
    throw artifactRefused(doing, manifest.config.mediaType);
  for (const layer of manifest.layers) {
    if (isForeignLayerType(layer.mediaType)) throw foreignLayerRefused(doing, layer.digest);
    if (!/\.tar(?:[+.](?:gzip|zstd))?$/.test(layer.mediaType)) throw artifactRefused(doing, layer.mediaType);
  }
  const config = parseImageConfig(await documents.blob(manifest.config));
  const wanted = options.platform ?? hostPlatform();
  const { os, architecture, variant } = config;
  const found = { os, architecture, ...(variant == null || variant === "" ? {} : { variant }) };
  if (platformScore(found, wanted) === 0) throw imageForOtherPlatform(doing, wanted, found);
  return config;
}

/** The small documents of one image: from the store where it has them, else from the registry. */
export class Documents {
  readonly #store: Store;
  readonly #source: PullSource;
  readonly #doing: string;
  readonly #seen: { readonly digest: Digest; readonly bytes: Uint8Array }[] = [];

  constructor(store: Store, source: PullSource, doing: string) {
    this.#store = store;
    this.#source = source;
    this.#doing = doing;
  }

  /** What the name stands for. A digest in the reference counts, its tag does not. */
  async resolve(reference: ImageReference, known: Digest | undefined): Promise<RemoteManifest> {
    const { digest, tag } = reference;
    // HEAD costs no part of Docker Hub's pull limit, GET does.
    const current =
      digest ?? (known === undefined ? undefined : await this.#source.headManifest(tag ?? "latest"));
    const stored = current === undefined ? undefined : this.#stored(current);
    return this.#remember(stored ?? (await this.#source.getManifest(digest ?? current ?? tag ?? "latest")));
  }

  /** A manifest or index that an index names. */
  async get(descriptor: Descriptor): Promise<RemoteManifest> {
    const { digest, size } = descriptor;
    const found = this.#stored(digest) ?? (await this.#source.getManifest(digest));
    if (found.bytes.length !== size)
      throw manifestMismatch(this.#doing, `${size} bytes`, `${found.bytes.length} bytes`);
    if (found.mediaType !== descriptor.mediaType)
      throw manifestTypeContradiction(this.#doing, descriptor.mediaType, found.mediaType);
    return this.#remember(found);
  }

  /** A small blob, which is kept in the store at once. */
  async blob(descriptor: Descriptor): Promise<Buffer> {
    const { digest, size } = descriptor;
    if (size > maxDocumentBytes) throw answerTooLarge(this.#doing, "the image config", maxDocumentBytes);
    const stored = this.#verified(digest);
    if (stored !== undefined) return stored;
    const stream = await this.#source.getBlob(digest, 0);
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let part = await stream.read(); part !== undefined && length <= size; part = await stream.read()) {
      parts.push(part);
      length += part.length;
    }
    stream.discard();
    const bytes = Buffer.concat(parts);
    await this.#write(digest, bytes);
    return bytes;
  }

  /** Puts the manifests and indexes that led to the image into the store. */
  async keep(): Promise<void> {
    for (const { digest, bytes } of this.#seen) await this.#write(digest, bytes);
  }

  #remember(found: RemoteManifest): RemoteManifest {
    this.#seen.push(found);
    return found;
  }

  #stored(digest: Digest): RemoteManifest | undefined {
    const bytes = this.#verified(digest);
    return bytes === undefined
      ? undefined
      : { digest, bytes, mediaType: typeOfManifest(this.#doing, bytes, null) };
  }

  /** A damaged document in the store is no reason to fail: it is fetched again. */
  #verified(digest: Digest): Buffer | undefined {
    if (!hasBlob(this.#store, digest)) return undefined;
    const bytes = readBlob(this.#store, digest);
    const digester = new Digester(digestAlgorithm(digest));
    digester.update(bytes);
    if (digester.digest() === digest) return bytes;
    setAside(this.#store.trash, blobPath(this.#store, digest));
    return undefined;
  }

  async #write(digest: Digest, bytes: Uint8Array): Promise<void> {
    using ingest = await openIngest(this.#store, digest, undefined);
    if (ingest === undefined) return;
    if (ingest.offset > 0) ingest.restart();
    ingest.write(bytes);
    ingest.commit();
  }
}
