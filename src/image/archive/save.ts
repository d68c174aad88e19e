import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { lockExclusive, writeAtomic } from "#host";
import {
  type Descriptor,
  Digester,
  digestAlgorithm,
  digestHex,
  familiarName,
  type ImageReference,
  type Index,
  mediaType,
  ociLayoutFile,
  parseIndex,
  parseNamed,
  printFamiliar,
  printReference,
} from "#spec";
import { blobPath } from "../content.ts";
import { blobDamaged, blobMissing } from "../error.ts";
import { findImage, imageOfRef, type StoredImage } from "../find.ts";
import { tarEnd, tarHeader, tarPadding } from "../layer/tar-write.ts";
import { platformOf } from "../mutate.ts";
import { readRefs, refNameAnnotation, refReference } from "../refs.ts";
import type { Store } from "../store.ts";

// An archive of images is an OCI layout in a tar. The docker-archive has manifest.json and `repositories` besides, as
// `docker save` writes since version 25, so every reader of either form takes it. Layers stay compressed as they are,
// so the digests survive a round trip: podman and skopeo undo gzip and zstd, dockerd 26.1.5 gzip (its load of a zstd
// layer ended with "unexpected EOF"). Bytes depend on the images alone.

/** An image to save, with the names it shall have in the archive. It need have none in the store. */
export interface SavedImage {
  readonly image: Pick<StoredImage, "target" | "manifest" | "manifestDigest" | "manifestSize" | "config">;
  readonly references: readonly ImageReference[];
  /** Bare names of an OCI layout, as in skopeo's `oci:FOLDER:TAG`. */
  readonly tags?: readonly string[];
}

const containerdNameAnnotation = "io.containerd.image.name";

/** Finds what to save. A repository without a tag stands for all its tags; an ID is saved without names. As Docker does. */
export function selectImages(store: Store, texts: readonly string[]): readonly SavedImage[] {
  const chosen = new Map<string, { image: StoredImage; references: ImageReference[] }>();
  const refs = readRefs(store);
  const add = (image: StoredImage, references: readonly ImageReference[]) => {
    const known = chosen.get(image.manifestDigest) ?? { image, references: [] };
    chosen.set(image.manifestDigest, known);
    for (const reference of references)
      if (!known.references.some((entry) => printReference(entry) === printReference(reference)))
        known.references.push(reference);
  };
  for (const text of texts) {
    const named = nameOnly(text);
    const all = refs.filter((ref) => {
      const own = refReference(ref);
      return (
        own !== undefined &&
        own.tag !== undefined &&
        named !== undefined &&
        familiarName(own) === familiarName(named)
      );
    });
    for (const ref of all) add(imageOfRef(store, refs, ref), [refReference(ref)!]);
    if (all.length > 0) continue;
    const image = findImage(store, text);
    const reference = taggedName(text);
    const isName = reference !== undefined && image.names.includes(printFamiliar(reference));
    add(image, isName ? [reference] : []);
  }
  return [...chosen.values()];
}

function nameOnly(text: string): ImageReference | undefined {
  const named = tryNamed(text);
  return named !== undefined && named.tag === undefined && named.digest === undefined ? named : undefined;
}

function taggedName(text: string): ImageReference | undefined {
  const named = tryNamed(text);
  if (named === undefined || named.digest !== undefined) return undefined;
  return named.tag === undefined ? { ...named, tag: "latest" } : named;
}

/** Undefined for an ID, which is no name. */
function tryNamed(text: string): ImageReference | undefined {
  try {
    return parseNamed(text);
  } catch {
    return undefined;
  }
}

/** `docker save`. */
export function* saveDockerArchive(store: Store, images: readonly SavedImage[]): Generator<Buffer, void> {
  const manifest = images.map(({ image, references }) => ({
    Config: blobName(image.manifest.config),
    // In full, as podman writes them: podman takes a short name for one of localhost, Docker takes both.
    RepoTags: references.map(printReference),
    Layers: image.manifest.layers.map(blobName),
  }));
  const repositories: Record<string, Record<string, string>> = {};
  for (const { image, references } of images) {
    const top = image.manifest.layers.at(-1);
    if (top === undefined) continue;
    for (const reference of references) {
      const name = `${reference.domain}/${reference.path}`;
      repositories[name] = { ...repositories[name], [reference.tag ?? "latest"]: digestHex(top.digest) };
    }
  }
  yield* saveLayoutTar(store, images, [
    ["manifest.json", JSON.stringify(manifest)],
    ["repositories", JSON.stringify(repositories)],
  ]);
}

/** An OCI layout in a tar (`oci-archive` of skopeo and podman). */
export function* saveOciArchive(store: Store, images: readonly SavedImage[]): Generator<Buffer, void> {
  yield* saveLayoutTar(store, images, []);
}

function* saveLayoutTar(
  store: Store,
  images: readonly SavedImage[],
  documents: readonly (readonly [name: string, text: string])[],
): Generator<Buffer, void> {
  const blobs = blobsOf(images);
  for (const folder of ["blobs", ...new Set(blobs.map((blob) => `blobs/${digestAlgorithm(blob.digest)}`))])
    yield tarHeader({ type: "directory", name: folder, mode: 0o755, mtime: 0 });
  for (const blob of blobs) {
    yield tarHeader({ type: "file", name: blobName(blob), size: blob.size, mode: 0o644, mtime: 0 });
    yield* blobBytes(store, blob);
    if (blob.size % 512 !== 0) yield tarPadding(blob.size);
  }
  const all = [
    ["index.json", JSON.stringify(layoutIndex(images))],
    ...documents,
    ["oci-layout", ociLayoutFile],
  ] as const;
  for (const [name, text] of [...all].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = Buffer.from(text);
    yield tarHeader({ type: "file", name, size: bytes.length, mode: 0o644, mtime: 0 });
    yield bytes;
    if (bytes.length % 512 !== 0) yield tarPadding(bytes.length);
  }
  yield tarEnd();
}

/** Adds images to an OCI layout folder, which is made where it is not there. A name that is there moves. */
export function saveLayout(store: Store, images: readonly SavedImage[], folder: string): void {
  using _lock = lockExclusive(`${store.locks}/save-layout`);
  mkdirSync(`${folder}/blobs`, { recursive: true });
  for (const blob of blobsOf(images)) copyBlob(store, blob, `${folder}/${blobName(blob)}`);
  writeAtomic(`${folder}/oci-layout`, ociLayoutFile);
  const added = layoutIndex(images).manifests;
  const names = new Set(added.map(nameOf));
  const before = readIndex(`${folder}/index.json`).filter((entry) =>
    nameOf(entry) === undefined
      ? !added.some((other) => other.digest === entry.digest)
      : !names.has(nameOf(entry)),
  );
  writeAtomic(
    `${folder}/index.json`,
    JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: [...before, ...added] }),
  );
}

function nameOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[refNameAnnotation];
}

function readIndex(path: string): readonly Descriptor[] {
  try {
    return parseIndex(readFileSync(path)).manifests;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function copyBlob(store: Store, blob: Descriptor, target: string): void {
  if (statSync(target, { throwIfNoEntry: false })?.size === blob.size) return;
  mkdirSync(dirname(target), { recursive: true });
  const temporary = `${target}.tmp-${process.pid}`;
  const fd = openSync(temporary, "w", 0o644);
  try {
    for (const bytes of blobBytes(store, blob))
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Every blob of the images once, by digest. */
function blobsOf(images: readonly SavedImage[]): readonly Descriptor[] {
  const blobs = new Map<string, Descriptor>();
  for (const { image } of images)
    for (const blob of [manifestDescriptor(image), image.manifest.config, ...image.manifest.layers])
      blobs.set(blob.digest, blob);
  return [...blobs.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

function manifestDescriptor(image: SavedImage["image"]): Descriptor {
  const { target, manifest, manifestDigest } = image;
  if (target.digest === manifestDigest)
    return {
      mediaType: target.mediaType,
      digest: target.digest,
      size: target.size,
      platform: platformOf(image.config),
    };
  return {
    mediaType: manifest.mediaType ?? mediaType.ociManifest,
    digest: manifestDigest,
    size: image.manifestSize,
    platform: platformOf(image.config),
  };
}

function layoutIndex(images: readonly SavedImage[]): Index {
  const manifests = images.flatMap(({ image, references, tags = [] }): Descriptor[] => {
    const descriptor = manifestDescriptor(image);
    const named = references.map(printReference).map((name) => ({
      ...descriptor,
      annotations: { [containerdNameAnnotation]: name, [refNameAnnotation]: name },
    }));
    const tagged = tags.map((tag) => ({ ...descriptor, annotations: { [refNameAnnotation]: tag } }));
    const all = [...named, ...tagged];
    return all.length === 0 ? [descriptor] : all;
  });
  return { schemaVersion: 2, mediaType: mediaType.ociIndex, manifests };
}

function blobName(blob: Descriptor): string {
  return `blobs/${digestAlgorithm(blob.digest)}/${digestHex(blob.digest)}`;
}

/** The bytes of a blob, verified while they pass. */
function* blobBytes(store: Store, blob: Descriptor): Generator<Buffer, void> {
  let fd: number;
  try {
    fd = openSync(
      blobPath(store, blob.digest),
      constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw blobMissing(blob.digest);
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    if (size !== blob.size) throw blobDamaged(blob.digest, `found ${size} bytes, wanted ${blob.size}`);
    const digester = new Digester(digestAlgorithm(blob.digest));
    for (let at = 0; at < size; ) {
      const chunk = Buffer.allocUnsafe(Math.min(1 << 20, size - at));
      const count = readSync(fd, chunk, 0, chunk.length, at);
      if (count === 0) throw blobDamaged(blob.digest, "it became shorter while it was read");
      at += count;
      const bytes = chunk.subarray(0, count);
      digester.update(bytes);
      yield bytes;
    }
    const found = digester.digest();
    if (found !== blob.digest) throw blobDamaged(blob.digest, `its bytes have the digest ${found}`);
  } finally {
    closeSync(fd);
  }
}
