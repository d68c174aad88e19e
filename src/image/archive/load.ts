import { statSync } from "node:fs";
import { type Descriptor, type Digest, type Platform, printFamiliar } from "#spec";
import { writeBlob } from "../content.ts";
import { archiveInvalid } from "../error.ts";
import { holdContent } from "../lease.ts";
import { setRef } from "../refs.ts";
import type { Store } from "../store.ts";
import { readDockerImages } from "./docker.ts";
import { ArchiveMembers, LayoutMembers, type MemberPlace } from "./members.ts";
import { readLayoutImages } from "./oci.ts";
import type { CheckedImage, CheckedLayer } from "./checked.ts";
import { type ByteSource, decompress, sniffStream } from "./stream.ts";

export interface LoadOptions {
  /** What is loaded, for errors: `the archive "x.tar"`. */
  readonly subject?: string;
  /** Of an image for several platforms, the one to take; the host's by default. */
  readonly platform?: Platform;
  /** Sets no names, for who needs the content alone and holds it. */
  readonly nameless?: boolean;
  /** Unpacks a stored layer, and throws where its uncompressed bytes are not those of the diff ID. Bottom first. */
  readonly unpack?: (layer: CheckedLayer) => Promise<void>;
  /** Bytes of the archive read so far, decompressed. */
  readonly progress?: (bytes: number) => void;
}

export interface LoadedImage {
  readonly id: Digest;
  /** The manifest. */
  readonly target: Descriptor;
  /** Familiar names that it has in there, and that now point at it. */
  readonly names: readonly string[];
}

/**
 * Loads a docker-archive or an oci-archive, plain, gzip or zstd, as a stream: nothing is read twice, memory stays
 * constant. Everything is checked before the first name is set. Layers of docker-archives are stored as they are,
 * usually uncompressed. Throws archive-invalid, content-mismatch, layer-foreign and the errors of the documents.
 */
export async function loadArchive(
  store: Store,
  source: ByteSource,
  options: LoadOptions = {},
): Promise<readonly LoadedImage[]> {
  using _hold = holdContent(store);
  const subject = options.subject ?? "the archive";
  const { compression, head, bytes } = await sniffStream(source);
  refuseOtherCompression(subject, head);
  let members: ArchiveMembers;
  try {
    members = await ArchiveMembers.read(store, decompress(bytes, compression), subject, options.progress);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // zlib's and the stream's own codes; those of the file system have other names.
    if (typeof code === "string" && /^(?:Z_|ZSTD_|ERR_)/.test(code))
      throw archiveInvalid(subject, `it is no whole ${compression} stream: ${(error as Error).message}`);
    throw error;
  }
  using place = members;
  return await loadFrom(store, place, subject, options);
}

/** Loads the images of an OCI layout folder. */
export async function loadLayout(
  store: Store,
  folder: string,
  options: LoadOptions = {},
): Promise<readonly LoadedImage[]> {
  using _hold = holdContent(store);
  const subject = options.subject ?? `the layout "${folder}"`;
  if (statSync(`${folder}/index.json`, { throwIfNoEntry: false }) === undefined)
    throw archiveInvalid(subject, "it has no index.json");
  using place = new LayoutMembers(store, folder, subject);
  return await loadFrom(store, place, subject, options);
}

async function loadFrom(
  store: Store,
  place: MemberPlace,
  subject: string,
  options: LoadOptions,
): Promise<readonly LoadedImage[]> {
  const images =
    place.find("oci-layout") !== undefined || place.find("index.json") !== undefined
      ? readLayoutImages(store, place, subject, options.platform)
      : readDockerImages(place, subject);
  if (images.length === 0) throw archiveInvalid(subject, "it holds no image");
  for (const image of images) await keepImage(store, place, image, options);
  if (options.nameless !== true) for (const image of images) nameImage(store, image);
  return images.map((image) => ({
    id: image.manifest.config.digest,
    target: image.descriptor,
    names: image.references.map(printFamiliar),
  }));
}

async function keepImage(
  store: Store,
  place: MemberPlace,
  image: CheckedImage,
  options: LoadOptions,
): Promise<void> {
  for (const layer of image.layers) place.commit(layer.file);
  writeBlob(store, image.configBytes);
  writeBlob(store, image.manifestBytes);
  for (const layer of image.layers) await options.unpack?.(layer);
}

function nameImage(store: Store, image: CheckedImage): void {
  if (image.references.length === 0) setRef(store, undefined, image.descriptor);
  for (const reference of image.references) setRef(store, reference, image.descriptor);
}

function refuseOtherCompression(subject: string, head: Buffer): void {
  const text = head.toString("latin1");
  const known = text.startsWith("\xfd7zXZ") ? "xz" : text.startsWith("BZh") ? "bzip2" : undefined;
  if (known !== undefined)
    throw archiveInvalid(subject, `it is compressed with ${known}; plain, gzip and zstd are read`);
}
