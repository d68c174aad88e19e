import { nearest } from "#kit";
import {
  type Descriptor,
  type Digest,
  Digester,
  digestAlgorithm,
  digestHex,
  familiarName,
  type ImageConfig,
  type ImageReference,
  isIndexType,
  type Manifest,
  type Platform,
  parseImageConfig,
  parseIndex,
  parseManifest,
  parseReference,
  platformScore,
  printFamiliar,
  printPlatform,
  hostPlatform,
} from "#spec";
import { hasBlob, readBlob } from "./content.ts";
import { blobDamaged, imageIdAmbiguous, imageUnknown, platformMismatch } from "./error.ts";
import {
  checkRef,
  type Ref,
  readRefs,
  refName,
  refReference,
  repositoryDigest,
  sameName,
  scanRefs,
} from "./refs.ts";
import type { Store } from "./store.ts";

/** An image in the store, for one platform. */
export interface StoredImage {
  /** The image ID: the digest of its config. */
  readonly id: Digest;
  readonly manifestDigest: Digest;
  /** Bytes of the manifest document. */
  readonly manifestSize: number;
  /** What the name points at: a manifest or an index. */
  readonly target: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Familiar names with tag: "debian:12". Empty when dangling. */
  readonly names: readonly string[];
  /** "debian@sha256:..." */
  readonly repoDigests: readonly string[];
  /** Bytes of config and layers as they are stored, compressed. */
  readonly size: number;
  /** RFC 3339, or undefined when the config does not say. */
  readonly created: string | undefined;
}

/**
 * Finds an image by reference (short or full, tag or digest), by ID or by the unique beginning of an ID.
 * With a platform only an image for it will do (platform-mismatch); without, the host's is preferred.
 * Reads index.json, the manifest and the config. Throws image-unknown.
 */
export function findImage(store: Store, text: string, platform?: Platform): StoredImage {
  const image = lookupImage(store, text, platform);
  if (image === undefined) throw imageUnknown(text, nearName(readRefs(store), text));
  return image;
}

/** findImage(), or undefined where there is no such image. */
export function lookupImage(store: Store, text: string, platform?: Platform): StoredImage | undefined {
  const refs = scanRefs(store);
  const found = findRef(store, refs, text);
  if (found === undefined) return undefined;
  checkRef(store, found.ref, refs.indexOf(found.ref));
  return openImage(store, refs, found, text, platform);
}

/** Reads the image of one entry of index.json. */
export function imageOfRef(store: Store, refs: readonly Ref[], ref: Ref, platform?: Platform): StoredImage {
  return openImage(store, refs, { ref }, ref.name ?? ref.descriptor.digest, platform);
}

/** True when the text can only be an ID: then `rmi` removes all names, not one. */
export function isImageId(image: StoredImage, text: string): boolean {
  const hex = text.startsWith("sha256:") ? text.slice(7) : text;
  return (
    /^[0-9a-f]+$/.test(hex) && digestHex(image.id).startsWith(hex) && !image.names.includes(`${text}:latest`)
  );
}

interface Found {
  readonly ref: Ref;
  /** One manifest of the entry's index, asked for by its digest. */
  readonly manifest?: Digest;
}

function findRef(store: Store, refs: readonly Ref[], text: string): Found | undefined {
  const id = /^(?:sha256:)?([0-9a-f]{64})$/.exec(text)?.[1];
  if (id !== undefined) return findById(store, refs, id, text);
  if (!text.startsWith("sha256:")) {
    const reference = parseReference(text);
    const found =
      reference.digest === undefined ? findByName(refs, reference) : findByDigest(store, refs, reference);
    if (found !== undefined) return found;
  }
  const prefix = /^(?:sha256:)?([0-9a-f]{1,63})$/.exec(text)?.[1];
  return prefix === undefined ? undefined : findById(store, refs, prefix, text);
}

function findByName(refs: readonly Ref[], reference: ImageReference): Found | undefined {
  const name = refName(reference);
  const ref = refs.find((entry) => entry.name === name) ?? refs.find((entry) => sameName(entry, name));
  return ref === undefined ? undefined : { ref };
}

function findByDigest(store: Store, refs: readonly Ref[], reference: ImageReference): Found | undefined {
  const wanted = `${familiarName(reference)}@${reference.digest}`;
  for (const [place, ref] of refs.entries()) checkRef(store, ref, place);
  const ofRepository = refs.filter((ref) => {
    const own = refReference(ref);
    return own !== undefined && own.domain === reference.domain && own.path === reference.path;
  });
  for (const ref of ofRepository) {
    if (repositoryDigest(ref) === wanted || ref.descriptor.digest === reference.digest) return { ref };
  }
  for (const ref of ofRepository) {
    const hit = manifestsOf(store, ref.descriptor).find((entry) => entry.digest === reference.digest);
    if (hit !== undefined) return { ref, manifest: hit.digest };
  }
  return undefined;
}

function findById(store: Store, refs: readonly Ref[], prefix: string, text: string): Found | undefined {
  const hits = new Map<Digest, Found>();
  const read = new Set<Digest>();
  for (const [place, ref] of refs.entries()) {
    checkRef(store, ref, place);
    for (const descriptor of manifestsOf(store, ref.descriptor)) {
      if (read.has(descriptor.digest)) continue;
      read.add(descriptor.digest);
      const id = parseManifest(readDocument(store, descriptor)).config.digest;
      if (id.startsWith("sha256:") && digestHex(id).startsWith(prefix) && !hits.has(id))
        hits.set(id, { ref, manifest: descriptor.digest });
    }
  }
  if (hits.size > 1)
    throw imageIdAmbiguous(
      text,
      [...hits.keys()].map((id) => digestHex(id).slice(0, 12)),
    );
  return hits.values().next().value;
}

/** The manifests behind a descriptor that the store holds; attestations and other artifacts are left out. */
export function manifestsOf(store: Store, descriptor: Descriptor, depth = 0): readonly Descriptor[] {
  if (!isIndexType(descriptor.mediaType)) return hasBlob(store, descriptor.digest) ? [descriptor] : [];
  // An index may name indexes; nobody nests deeper than two, and a row of them would be an attack.
  if (depth > 3 || !hasBlob(store, descriptor.digest)) return [];
  return parseIndex(readDocument(store, descriptor))
    .manifests.filter((entry) => entry.platform?.os !== "unknown")
    .flatMap((entry) => manifestsOf(store, entry, depth + 1));
}

function openImage(
  store: Store,
  refs: readonly Ref[],
  found: Found,
  text: string,
  platform: Platform | undefined,
): StoredImage {
  const target = found.ref.descriptor;
  const candidates = isIndexType(target.mediaType)
    ? manifestsOf(store, target).filter(
        (entry) => found.manifest === undefined || entry.digest === found.manifest,
      )
    : [target];
  const wanted = platform ?? hostPlatform();
  let best: { image: StoredImage; score: number } | undefined;
  for (const descriptor of candidates) {
    const image = readImage(store, refs, target, descriptor);
    const score = platformScore(image.platform, wanted);
    if (best === undefined || score > best.score) best = { image, score };
    if (score === 100) break;
  }
  if (best === undefined) throw platformMismatch(text, printPlatform(wanted), []);
  if (platform !== undefined && best.score === 0)
    throw platformMismatch(text, printPlatform(wanted), [printPlatform(best.image.platform)]);
  return best.image;
}

/** Reads manifest and config; `target` is what the name points at. */
export function readImage(
  store: Store,
  refs: readonly Ref[],
  target: Descriptor,
  descriptor: Descriptor,
): StoredImage {
  const manifest = readParsed(store, descriptor, parseManifest);
  const config = readParsed(store, manifest.config, parseImageConfig);
  const own = refs.filter((ref) => {
    const digest = ref.descriptor?.digest;
    return digest === target.digest || digest === descriptor.digest;
  });
  return {
    id: manifest.config.digest,
    manifestDigest: descriptor.digest,
    manifestSize: descriptor.size,
    target,
    manifest,
    config,
    platform: {
      os: config.os,
      architecture: config.architecture,
      ...(config.variant == null || config.variant === "" ? {} : { variant: config.variant }),
    },
    names: own.map(familiarTag).filter((name) => name !== undefined),
    repoDigests: [...new Set(own.map(repositoryDigest).filter((name) => name !== undefined))],
    size: manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size),
    created: config.created ?? undefined,
  };
}

function familiarTag(ref: Ref): string | undefined {
  const reference = refReference(ref);
  return reference?.tag === undefined ? undefined : printFamiliar(reference);
}

/**
 * A document on the way to a container. Its digest was verified when it came in, and hashing it again costs as much as
 * all else here; what a power cut leaves is short or no JSON, and only then the digest is asked.
 */
function readParsed<T>(store: Store, descriptor: Descriptor, parse: (bytes: Uint8Array) => T): T {
  const bytes = readSized(store, descriptor);
  try {
    return parse(bytes);
  } catch (error) {
    readDocument(store, descriptor);
    throw error;
  }
}

function readSized(store: Store, descriptor: Descriptor): Buffer {
  const bytes = readBlob(store, descriptor.digest);
  if (bytes.length === descriptor.size) return bytes;
  throw blobDamaged(descriptor.digest, `found ${bytes.length} bytes, wanted ${descriptor.size}`);
}

/** A manifest, index or config, verified: a power cut can leave a blob that is short or full of zeros. */
export function readDocument(store: Store, descriptor: Descriptor): Buffer {
  const bytes = readSized(store, descriptor);
  const digester = new Digester(digestAlgorithm(descriptor.digest));
  digester.update(bytes);
  const found = digester.digest();
  if (found !== descriptor.digest) throw blobDamaged(descriptor.digest, `its bytes have the digest ${found}`);
  return bytes;
}

function nearName(refs: readonly Ref[], text: string): string | undefined {
  const names = refs.map(familiarTag).filter((name) => name !== undefined);
  return nearest(text.includes(":") ? text : `${text}:latest`, names);
}
