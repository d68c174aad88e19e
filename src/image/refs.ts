import { readFileSync } from "node:fs";
import { type Lock, lockExclusive, writeDurable } from "#host";
import {
  type Descriptor,
  type Digest,
  familiarName,
  type ImageReference,
  isDigest,
  mediaType,
  parseNamed,
  printReference,
  reasonOf,
} from "#spec";
import { indexDamaged, storeWriteFault } from "./error.ts";
import type { Store } from "./store.ts";

// The table of names is the layout's own index.json: one descriptor per name, with the full reference in the
// annotation `org.opencontainers.image.ref.name`. umoci 0.4.7 and skopeo 1.9 both take "docker.io/library/debian:12"
// there. A name points at the manifest of one platform, not at the index it came from: umoci calls a name of several
// platforms ambiguous, and its gc stops at manifests that were never pulled. The digest under which the repository
// knows the image is kept beside it. An image that lost its last name stays as a descriptor without that annotation.

export const refNameAnnotation = "org.opencontainers.image.ref.name";
/** The digest of the index or manifest that the registry gave for the name; shown as name@digest. */
export const repositoryDigestAnnotation = "dev.vial.repository-digest";

/** One entry of index.json. */
export interface Ref {
  /** The annotation as it stands: "docker.io/library/debian:12"; undefined when dangling. */
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
}

/** All entries, in the order of the file. A damaged index.json is the error index-damaged. */
export function readRefs(store: Store): readonly Ref[] {
  const refs = scanRefs(store);
  for (const [place, ref] of refs.entries()) checkRef(store, ref, place);
  return refs;
}

/**
 * readRefs() of which only one entry is wanted: 100 entries cost 1 ms to check, at every start of a container.
 * Call checkRef() before the descriptor of an entry is used.
 */
export function scanRefs(store: Store): readonly Ref[] {
  const path = `${store.layout}/index.json`;
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw indexDamaged(path, reasonOf(error));
  }
  const manifests = (document as { manifests?: unknown } | null)?.manifests;
  if (!Array.isArray(manifests)) throw indexDamaged(path, 'it has no list "manifests"');
  return manifests.map((entry: Descriptor | null) => ({
    name: entry?.annotations?.[refNameAnnotation],
    descriptor: entry as Descriptor,
  }));
}

/** Throws index-damaged. `place` is the number of the entry. */
export function checkRef(store: Store, ref: Ref, place: number): void {
  const fault = descriptorFault(ref.descriptor);
  if (fault !== undefined) throw indexDamaged(`${store.layout}/index.json`, `manifests.${place}: ${fault}`);
}

/** By hand rather than by schema: this runs over every image at once. */
function descriptorFault(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return "it is no object";
  const { digest, size, mediaType: type, annotations } = entry as Record<string, unknown>;
  if (typeof digest !== "string" || !isDigest(digest)) return "its digest is none";
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return "its size is none";
  if (typeof type !== "string") return "it has no mediaType";
  if (annotations === undefined) return undefined;
  if (typeof annotations !== "object" || annotations === null) return "its annotations are no object";
  for (const value of Object.values(annotations))
    if (typeof value !== "string") return "an annotation is no string";
  return undefined;
}

/** The name under which a reference is kept. With a digest the tag says nothing, and is left out, as Docker does. */
export function refName(reference: ImageReference): string {
  const { domain, path, digest } = reference;
  return printReference(digest === undefined ? reference : { domain, path, digest });
}

/** The reference of an entry; undefined for a dangling one and for a name that is no reference at all. */
export function refReference(ref: Ref): ImageReference | undefined {
  if (ref.name === undefined) return undefined;
  try {
    const named = parseNamed(ref.name);
    return named.tag === undefined && named.digest === undefined ? { ...named, tag: "latest" } : named;
  } catch {
    return undefined;
  }
}

/** `docker.io/library/debian@sha256:...` for every name of an image, familiar form. */
export function repositoryDigest(ref: Ref): string | undefined {
  const reference = refReference(ref);
  if (reference === undefined) return undefined;
  const digest =
    reference.digest ?? ref.descriptor.annotations?.[repositoryDigestAnnotation] ?? ref.descriptor.digest;
  return `${familiarName(reference)}@${digest}`;
}

export interface SetRefOptions {
  /** What the registry calls the content of this name: the digest of the index, where the target is one of its manifests. */
  readonly repositoryDigest?: Digest;
}

/**
 * Lets a name point at a manifest or an index. What it pointed at before stays, dangling, unless another name holds it.
 * Without a reference the image is added dangling. Atomic among processes; survives a power cut.
 */
export function setRef(
  store: Store,
  reference: ImageReference | undefined,
  descriptor: Descriptor,
  options: SetRefOptions = {},
): void {
  const name = reference === undefined ? undefined : refName(reference);
  const entry: Ref = { name, descriptor: entryDescriptor(descriptor, name, options.repositoryDigest) };
  changeRefs(store, (refs) => {
    if (name === undefined && refs.some((ref) => ref.descriptor.digest === descriptor.digest)) return refs;
    const replaced = refs.find((ref) => ref.name === name && name !== undefined);
    const rest = refs.filter((ref) => ref !== replaced && !isDanglingOf(ref, descriptor.digest));
    // A build that did nothing new has nothing to make durable.
    if (
      replaced !== undefined &&
      rest.length === refs.length - 1 &&
      JSON.stringify(replaced.descriptor) === JSON.stringify(entry.descriptor)
    )
      return refs;
    return keepDangling([...rest, entry], replaced === undefined ? [] : [replaced]);
  });
}

/**
 * Takes names away, and gives those that were there. `keep` leaves an image that lost its last name behind as dangling.
 */
export function removeRefs(
  store: Store,
  isGone: (ref: Ref) => boolean,
  options: { readonly keep: "dangling" | "nothing" },
): readonly Ref[] {
  let gone: readonly Ref[] = [];
  changeRefs(store, (refs) => {
    gone = refs.filter(isGone);
    const rest = refs.filter((ref) => !gone.includes(ref));
    return options.keep === "dangling" ? keepDangling(rest, gone) : rest;
  });
  return gone;
}

/** Takes one name away; the image stays, dangling if that was its last name. False when there was no such name. */
export function removeRef(store: Store, reference: ImageReference): boolean {
  const name = refName(reference);
  return removeRefs(store, (ref) => sameName(ref, name), { keep: "dangling" }).length > 0;
}

/** Also true for the short names that umoci and skopeo may have written. */
export function sameName(ref: Ref, name: string): boolean {
  if (ref.name === name) return true;
  if (ref.name === undefined || ref.name.includes("/")) return false;
  const reference = refReference(ref);
  return reference !== undefined && refName(reference) === name;
}

function isDanglingOf(ref: Ref, digest: Digest): boolean {
  return ref.name === undefined && ref.descriptor.digest === digest;
}

function keepDangling(refs: readonly Ref[], gone: readonly Ref[]): readonly Ref[] {
  const result = [...refs];
  for (const { descriptor } of gone) {
    if (result.some((ref) => ref.descriptor.digest === descriptor.digest)) continue;
    result.push({ name: undefined, descriptor: entryDescriptor(descriptor, undefined, undefined) });
  }
  return result;
}

function entryDescriptor(
  descriptor: Descriptor,
  name: string | undefined,
  repositoryDigest: Digest | undefined,
): Descriptor {
  const {
    [refNameAnnotation]: _name,
    [repositoryDigestAnnotation]: _digest,
    ...kept
  } = descriptor.annotations ?? {};
  const annotations: Record<string, string> = { ...kept };
  if (name !== undefined) annotations[refNameAnnotation] = name;
  if (repositoryDigest !== undefined && repositoryDigest !== descriptor.digest)
    annotations[repositoryDigestAnnotation] = repositoryDigest;
  const { annotations: _, ...rest } = descriptor;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

/** Reads, changes and replaces index.json under its lock. Fields of others in the document are kept. */
function changeRefs(store: Store, change: (refs: readonly Ref[]) => readonly Ref[]): void {
  using _lock = lockRefs(store);
  const before = readRefs(store);
  const after = change(before);
  if (after === before) return;
  const path = `${store.layout}/index.json`;
  const document = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  const manifests = after.map((ref) => ref.descriptor);
  const { schemaVersion: _version, mediaType: type, manifests: _manifests, ...others } = document;
  const text = JSON.stringify({
    schemaVersion: 2,
    mediaType: type ?? mediaType.ociIndex,
    manifests,
    ...others,
  });
  try {
    writeDurable(path, text);
  } catch (error) {
    throw storeWriteFault(store.root, error);
  }
}

function lockRefs(store: Store): Lock {
  try {
    return lockExclusive(`${store.locks}/refs`);
  } catch (error) {
    throw storeWriteFault(store.root, error);
  }
}
