import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { unpackOwnTar } from "#host";
import {
  blobPath,
  collectGarbage,
  holdContent,
  type Packed,
  type PackWish,
  type SavedImage,
  saveDockerArchive,
  saveLayout,
  saveOciArchive,
  setRef,
  type TarTaker,
} from "#image";
import { findCredential, type LayerUnpacker, openRemoteImage, pushImage, type RemoteImage } from "#registry";
import type { SquashfsPacking } from "#sif";
import { type Digest, type ImageReference, parseReference, type Platform, printFamiliar } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { heldContent } from "../image-users.ts";
import { newTransport } from "../images.ts";
import { conversionInterrupted, targetOdd } from "./error.ts";
import { fetchOras, openOras, pushOras } from "./oras.ts";
import { type DocumentPlace, type FilePlace, type ImagePlace, type NearPlace, printPlace } from "./place.ts";
import { packRemoteLayers } from "./remote-layers.ts";
import type { TransferSettings } from "./settings.ts";
import { packSource, type SifContent, sifWish, timeOf, writeSifOf } from "./sif-target.ts";
import { openSource, type SourceImage } from "./source.ts";
import { squashfsTaker } from "./squashfs.ts";
import { checkTarget, copyWhole, writeWhole } from "./whole-file.ts";

export interface ConvertWish extends TransferSettings {
  readonly source: ImagePlace;
  readonly target: ImagePlace;
  /** Of an image for several platforms. Default: this machine's. */
  readonly platform?: Platform | undefined;
  readonly packing: SquashfsPacking;
  /** Replaces what is at the target. */
  readonly force: boolean;
  /** Where the root file system of a SIF file is packed first. Default: beside the file. */
  readonly temporary?: string | undefined;
}

export interface Converted {
  /** Of a push: what the registry calls it, and the bytes of the manifest. */
  readonly pushed?: { readonly digest: Digest; readonly size: number };
}

/**
 * Moves an image from one form to another; the same image gives the same bytes every time. Nothing is left of one that
 * fails but what a registry has sent, which the next try goes on from. Throws what the two places do.
 */
export async function convertImage(engine: Engine, wish: ConvertWish): Promise<Converted> {
  const { target } = wish;
  if ("path" in target && target.kind !== "oci") checkTarget(target.path, wish.force);
  try {
    using _hold = holdContent(engine.store);
    return await convert(engine, wish);
  } catch (error) {
    if (wish.signal.aborted) throw conversionInterrupted(printPlace(wish.source));
    throw error;
  } finally {
    // What no name leads to was only on its way.
    collectGarbage(engine.store, { held: () => heldContent(engine) });
  }
}

async function convert(engine: Engine, wish: ConvertWish): Promise<Converted> {
  const { source, target } = wish;
  if (source.kind === "oras") {
    const sif = await openOras(engine, source.reference, wish, wish.platform);
    const path = await fetchOras(engine, sif, source.reference);
    if (target.kind === "sif") {
      copyWhole(path, target.path, { force: wish.force, mode: 0o777 });
      return {};
    }
    return await convert(engine, { ...wish, source: { kind: "sif", path } });
  }
  if (target.kind === "oras") {
    if (source.kind !== "sif")
      throw targetOdd(
        printPlace(target),
        "oras:// takes SIF files alone",
        `make one first: vial convert ${printPlace(source)} image.sif`,
      );
    return { pushed: await pushOras(engine, source.path, target.reference, wish) };
  }
  if (target.kind === "sif" || target.kind === "squashfs" || target.kind === "sandbox") {
    await writeFiles(engine, { ...wish, source }, target);
    return {};
  }
  const image =
    source.kind === "docker"
      ? await fetchImage(engine, source.reference, wish)
      : await openSource(engine, source, wish);
  return await writeDocuments(engine, image, wish, target);
}

/** From layers to files: the layers of a registry are packed while they arrive. */
async function writeFiles(
  engine: Engine,
  wish: ConvertWish & { readonly source: Exclude<ImagePlace, { readonly kind: "oras" }> },
  target: FilePlace,
): Promise<void> {
  const { source, force, packing, temporary } = wish;
  if (source.kind === "docker") {
    await writeRemoteFiles(engine, { ...wish, source }, target);
    return;
  }
  const image = await openSource(engine, source, wish);
  const content: SifContent = {
    config: image.config,
    hasConfig: image.hasConfig,
    identity: image.manifest.config.digest,
    origin: { agent: agentOf(source), from: printOrigin(source) },
  };
  const pack = packSource(image, wish.signal);
  if (target.kind === "sif")
    await writeSifOf(content, { path: target.path, packing, force, temporary }, pack);
  else await writeTree(content, target, wish, pack);
}

type Pack = (wish: Omit<PackWish, "diffIds">, take: TarTaker) => Promise<Packed>;

async function writeRemoteFiles(
  engine: Engine,
  wish: ConvertWish & { readonly source: Extract<ImagePlace, { readonly kind: "docker" }> },
  target: FilePlace,
): Promise<void> {
  const { source, force, packing, temporary } = wish;
  const feed = await openFeed(engine, source.reference, wish);
  const content: SifContent = {
    config: feed.image.config,
    hasConfig: true,
    identity: feed.image.manifest.config.digest,
    origin: { agent: "docker", from: printFamiliar(source.reference) },
  };
  if (target.kind === "sif")
    await writeSifOf(content, { path: target.path, packing, force, temporary }, feed.pack);
  else await writeTree(content, target, wish, feed.pack);
}

async function openFeed(
  engine: Engine,
  reference: ImageReference,
  wish: ConvertWish,
): Promise<{ readonly image: RemoteImage; readonly pack: Pack }> {
  return await packRemoteLayers(
    engine,
    (unpacker) => openRemote(engine, reference, wish, unpacker),
    wish.signal,
  );
}

async function openRemote(
  engine: Engine,
  reference: ImageReference,
  { signal, report, insecure, platform }: ConvertWish,
  unpacker: LayerUnpacker,
): Promise<RemoteImage> {
  return await openRemoteImage({
    ...{ store: engine.store, reference, signal, report, unpacker },
    transport: newTransport(signal, insecure === true ? reference.domain : undefined),
    credential: findCredential,
    doing: "pull",
    ...(platform === undefined ? {} : { platform }),
  });
}

/** All of an image of a registry, as blobs of the store. */
async function fetchImage(
  engine: Engine,
  reference: ImageReference,
  wish: ConvertWish,
): Promise<SourceImage> {
  const nothing = { write: () => {}, finish: () => {}, abort: () => {} };
  const image = await openRemote(engine, reference, wish, { has: () => true, start: () => nothing });
  for (const index of image.manifest.layers.keys()) await image.fetchLayer(index);
  await image.keepDocuments();
  const { descriptor, manifest, config, diffIds } = image;
  const layers = manifest.layers.map((layer, index) => ({
    diffId: diffIds[index]!,
    path: blobPath(engine.store, layer.digest),
  }));
  return { descriptor, manifest, config, layers, hasConfig: true };
}

/** A squashfs or a folder. */
async function writeTree(
  content: SifContent,
  target: Exclude<FilePlace, { readonly kind: "sif" }>,
  wish: ConvertWish,
  pack: Pack,
): Promise<void> {
  const seconds = timeOf(content.config);
  const temporary = `${target.path}.part-${process.pid}`;
  const isFolder = target.kind === "sandbox";
  if (isFolder && wish.force) checkReplaceable(target.path);
  try {
    await pack(
      { ...sifWish(content, seconds), devices: !isFolder || process.getuid?.() === 0 },
      isFolder ? folderTaker(temporary) : squashfsTaker(temporary, wish.packing, seconds),
    );
    if (isFolder) rmSync(target.path, { recursive: true, force: true });
    renameSync(temporary, target.path);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The folder is made anew, for a packer may begin twice. */
function folderTaker(path: string): TarTaker {
  return async (tar) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { mode: 0o755 });
    await unpackOwnTar(tar, path);
  };
}

/** `--force` is for images, not for somebody's home. */
function checkReplaceable(path: string): void {
  if (!existsSync(path) || existsSync(`${path}/.singularity.d`) || readdirSync(path).length === 0) return;
  throw targetOdd(
    path,
    "this folder is no image, and --force would delete all that is in it",
    "give another name, or remove the folder yourself",
  );
}

/** From one store of documents to another: the digests stay. */
async function writeDocuments(
  engine: Engine,
  image: SourceImage,
  wish: ConvertWish,
  target: DocumentPlace | Extract<ImagePlace, { readonly kind: "docker" }>,
): Promise<Converted> {
  const { store } = engine;
  const { descriptor, manifest, config } = image;
  const saved = (names: Pick<SavedImage, "references" | "tags">): readonly SavedImage[] => [
    {
      image: {
        ...{ target: descriptor, manifest, config },
        manifestDigest: descriptor.digest,
        manifestSize: descriptor.size,
      },
      ...names,
    },
  ];
  switch (target.kind) {
    case "docker": {
      const { reference } = target;
      await pushImage({
        ...{ store, target: descriptor, reference, signal: wish.signal, report: wish.report },
        transport: newTransport(wish.signal, wish.insecure === true ? reference.domain : undefined),
        credential: findCredential,
      });
      return { pushed: { digest: descriptor.digest, size: descriptor.size } };
    }
    case "store":
      setRef(store, parseReference(target.name), descriptor);
      return {};
    case "oci":
      saveLayout(store, saved({ references: [], tags: tagsOf(target) }), target.path);
      return {};
    case "oci-archive":
      writeChunks(target.path, saveOciArchive(store, saved({ references: [], tags: tagsOf(target) })));
      return {};
    case "docker-archive": {
      const references = target.tag === undefined ? [] : [parseReference(target.tag)];
      writeChunks(target.path, saveDockerArchive(store, saved({ references })));
      return {};
    }
    default:
      return target satisfies never;
  }
}

function tagsOf({ tag }: { readonly tag: string | undefined }): readonly string[] {
  return tag === undefined ? [] : [tag];
}

function writeChunks(path: string, chunks: Iterable<Uint8Array>): void {
  writeWhole(path, 0o666, (fd) => {
    for (const chunk of chunks) for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
  });
}

/** The agent of a definition file that would begin with this image. */
function agentOf(place: NearPlace): string {
  switch (place.kind) {
    case "store":
      return "docker";
    case "sif":
    case "squashfs":
    case "sandbox":
      return "localimage";
    default:
      return place.kind;
  }
}

/** What stands behind "from:". A path of this machine is no business of who gets the image: its last name is enough. */
function printOrigin(place: NearPlace): string {
  if (place.kind === "store") return place.name;
  const name = place.path.slice(place.path.lastIndexOf("/") + 1);
  const text = "tag" in place && place.tag !== undefined ? `${name}:${place.tag}` : name;
  return text.replace(/[\x00-\x1f\x7f]/g, "?");
}
