import { existsSync, statSync } from "node:fs";
import {
  addLayerBlob,
  blobMissing,
  blobPath,
  exportTree,
  findImage,
  hasBlob,
  type LoadedImage,
  loadArchive,
  loadLayout,
  readBlob,
  readPath,
  writeImage,
} from "#image";
import { isOciSif, openSif } from "#sif";
import {
  type ContainerDefaults,
  type Descriptor,
  type Digest,
  hostPlatform,
  type ImageConfig,
  type Manifest,
  parseImageConfig,
  parseManifest,
  type Platform,
  printTime,
} from "#spec";
import { packingDefaults, readSifDefaults } from "./sif-source.ts";
import { tagMissing, tagNeeded } from "./error.ts";
import type { Engine } from "../engine-handle.ts";
import { tarOfPartition } from "../sif-tar.ts";
import { loadOciSif } from "./oci-sif-load.ts";
import { checkPolicy } from "../policy/policy.ts";
import { type NearPlace, printPlace } from "./place.ts";

/** An image whose documents and layers lie in the store, for as long as the content is held. */
export interface SourceImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** Bottom first. */
  readonly layers: readonly { readonly diffId: Digest; readonly path: string }[];
  /** False: its config says no more than that it has none, as of a folder. */
  readonly hasConfig: boolean;
}

/**
 * Takes an image into the store, without a name. Call it, and what follows, under holdContent(). Errors: those of
 * archives, of SIF files, policy-refused, image-unknown, archive-tag-unknown, archive-tag-needed.
 */
export async function openSource(
  engine: Engine,
  place: NearPlace,
  { platform, signal }: { readonly platform?: Platform | undefined; readonly signal: AbortSignal },
): Promise<SourceImage> {
  const { store } = engine;
  // What the store has may run by its name, with no rule about paths in between.
  if (place.kind !== "store" && place.kind !== "sif") await checkPolicy({ path: place.path });
  switch (place.kind) {
    case "store": {
      const { target, manifest, manifestDigest, config } = findImage(store, place.name, platform);
      const size = readBlob(store, manifestDigest).length;
      const descriptor = { mediaType: manifest.mediaType ?? target.mediaType, digest: manifestDigest, size };
      return withLayers(engine, { descriptor, manifest, config, hasConfig: true });
    }
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      const options = {
        nameless: true,
        subject: `the archive "${place.path}"`,
        ...(platform === undefined ? {} : { platform }),
      };
      const loaded =
        place.kind === "oci"
          ? await loadLayout(store, place.path, options)
          : await loadArchive(store, untilAborted(readPath(place.path), signal), options);
      return ofDescriptor(engine, chooseImage(loaded, place).target);
    }
    case "sif": {
      using file = openSif(place.path);
      await checkPolicy({ path: place.path, fd: file.fd, sif: file });
      if (isOciSif(file)) return ofDescriptor(engine, await loadOciSif(engine, file));
      const { defaults, seconds, architecture } = readSifDefaults(file);
      return await ofTar(engine, {
        tar: untilAborted(tarOfPartition(engine, file), signal),
        platform: architecture === undefined ? hostPlatform() : { os: "linux", architecture },
        defaults,
        seconds,
        origin: "the root file system of a SIF file",
      });
    }
    case "squashfs":
      return await ofTar(engine, {
        tar: untilAborted(tarOfPartition(engine, { path: place.path }), signal),
        platform: platform ?? hostPlatform(),
        defaults: undefined,
        seconds: 0,
        origin: "a squashfs",
      });
    case "sandbox":
      return await ofTar(engine, {
        tar: untilAborted(exportTree(place.path, { mine: ordinaryUser() }), signal),
        platform: platform ?? hostPlatform(),
        defaults: undefined,
        seconds: Math.max(0, Math.floor(statSync(place.path).mtimeMs / 1000)),
        origin: "a folder",
        hasActions: existsSync(`${place.path}/.singularity.d/actions/run`),
      });
    default:
      return place satisfies never;
  }
}

/** The one with the tag; without a tag the only one. */
function chooseImage(
  loaded: readonly LoadedImage[],
  place: Extract<NearPlace, { readonly tag: string | undefined }>,
): LoadedImage {
  const { tag } = place;
  const names = loaded.flatMap((image) => image.names);
  const [first] = loaded;
  if (tag === undefined) {
    if (first === undefined || loaded.length > 1) throw tagNeeded(printPlace(place), names);
    return first;
  }
  // A bare name of a layout, such as "1.0", is read as that of a repository: "1.0:latest".
  const isIt = (name: string) => name === tag || name === `${tag}:latest` || name.endsWith(`:${tag}`);
  const found = loaded.find((image) => image.names.some(isIt));
  if (found === undefined) throw tagMissing(printPlace(place), tag, names);
  return found;
}

/** An image of the store by the descriptor of its manifest. */
export function ofDescriptor(engine: Engine, descriptor: Descriptor): SourceImage {
  const manifest = parseManifest(readBlob(engine.store, descriptor.digest));
  const config = parseImageConfig(readBlob(engine.store, manifest.config.digest));
  return withLayers(engine, { descriptor, manifest, config, hasConfig: true });
}

/** Throws blob-missing. */
function withLayers(engine: Engine, image: Omit<SourceImage, "layers">): SourceImage {
  const lost = image.manifest.layers.find(({ digest }) => !hasBlob(engine.store, digest));
  if (lost !== undefined) throw blobMissing(lost.digest);
  const diffIds = image.config.rootfs.diff_ids ?? [];
  const layers = image.manifest.layers.map((layer, index) => ({
    diffId: diffIds[index]!,
    path: blobPath(engine.store, layer.digest),
  }));
  return { ...image, layers };
}

interface TreeSource {
  readonly tar: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
  readonly platform: Platform;
  /** Undefined where nothing tells how the image is to be run as a container. */
  readonly defaults: ContainerDefaults | undefined;
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly origin: string;
  readonly hasActions?: boolean;
}

/** A root file system becomes one layer. */
async function ofTar(engine: Engine, source: TreeSource): Promise<SourceImage> {
  const { store } = engine;
  const layer = await addLayerBlob(store, source.tar, { compression: "none" });
  const created = printTime(source.seconds);
  const hasActions = source.hasActions ?? true;
  const image = writeImage(store, {
    platform: source.platform,
    layers: [layer],
    change: () => source.defaults ?? packingDefaults(hasActions),
    history: [{ created, created_by: source.origin }],
    created,
  });
  return withLayers(engine, { ...image, hasConfig: source.defaults !== undefined });
}

/** An ordinary user's own files are root's in an image. */
function ordinaryUser(): { readonly uid: number; readonly gid: number } | undefined {
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  return uid === 0 ? undefined : { uid, gid };
}

/** Lets ^C be seen between two pieces, also of what is read without waiting. */
async function* untilAborted(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  let sinceTurn = 0;
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
    sinceTurn += piece.length;
    if (sinceTurn < 1 << 22) continue;
    sinceTurn = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
