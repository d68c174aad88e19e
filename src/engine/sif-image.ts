import {
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  realpathSync,
  statSync,
} from "node:fs";
import { type BaseImage, makeLayer, type Worker } from "#build";
import { hasOneId, unsquashfs, writeAtomic } from "#host";
import {
  addLayerBlob,
  type LayerBlob,
  layerPlace,
  lookupImage,
  readBlob,
  setRef,
  type WrittenImage,
  writeImage,
} from "#image";
import { isSif, openSif, type Partition, type SifFile, squashfsRoot } from "#sif";
import {
  type ContainerDefaults,
  defaultPathEntry,
  hostPlatform,
  isVialError,
  parseImageConfig,
  parseManifest,
  type Platform,
  printTime,
} from "#spec";
import { sifConfigInvalid, sifRootDamaged } from "./error.ts";
import type { Engine } from "./engine-handle.ts";
import { unpackStoredLayer } from "./layers.ts";
import { checkPolicy } from "./policy/policy.ts";
import { tarOfPartition } from "./sif-tar.ts";

// A SIF file as an image of the store: its root file system becomes one layer, and the OCI config that travelled with it
// the image's.

const maxConfig = 1 << 20;

/** Whether a file says of itself that it is a SIF file: its magic stands behind the launch script. */
export function isSifFile(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const head = Buffer.alloc(42);
  const fd = openSync(path, "r");
  try {
    readSync(fd, head);
  } finally {
    closeSync(fd);
  }
  return isSif(head);
}

/**
 * Takes a SIF file into the store, dangling. The same file again, by its place, size and times, is not unpacked again.
 * Errors: policy-refused, those of reading a SIF file, sif-partition-unreadable, sif-config-invalid, program-failed.
 */
export async function loadSifImage(
  engine: Engine,
  worker: Worker,
  path: string,
  signal: AbortSignal,
): Promise<BaseImage> {
  using file = openSif(path);
  await checkPolicy({ path, fd: file.fd, sif: file });
  const { ino, size, mtimeMs, ctimeMs } = fstatSync(file.fd);
  const key = new Bun.CryptoHasher("sha256")
    .update(JSON.stringify([realpathSync(path), ino, size, mtimeMs, ctimeMs]))
    .digest("hex");
  const record = `${engine.place.root}/build/bases/sif-${key.slice(0, 32)}`;
  const known = existsSync(record) ? storedImage(engine, readFileSync(record, "utf8")) : undefined;
  if (known !== undefined) return known;
  const image = await readSifImage(engine, worker, file, signal);
  setRef(engine.store, undefined, image.descriptor);
  writeAtomic(record, image.id, 0o600);
  return { manifestDigest: image.descriptor.digest, manifest: image.manifest, config: image.config };
}

/** Undefined: it was removed since. */
function storedImage(engine: Engine, id: string): BaseImage | undefined {
  try {
    const found = lookupImage(engine.store, id);
    if (found === undefined) return undefined;
    const manifest = parseManifest(readBlob(engine.store, found.manifestDigest));
    return {
      manifestDigest: found.manifestDigest,
      manifest,
      config: parseImageConfig(readBlob(engine.store, found.id)),
    };
  } catch (error) {
    if (isVialError(error)) return undefined;
    throw error;
  }
}

async function readSifImage(
  engine: Engine,
  worker: Worker,
  file: SifFile,
  signal: AbortSignal,
): Promise<WrittenImage> {
  const { layer, hasActions } = hasOneId()
    ? await streamRoot(engine, file)
    : await unpackRoot(worker, file, signal);
  const seconds = Math.max(0, file.header.createdAt);
  const created = printTime(seconds);
  return writeImage(worker.store, {
    platform: platformOf(squashfsRoot(file).extra.architecture),
    layers: layer === null ? [] : [layer],
    change: () => readOciConfig(file) ?? otherConfig(hasActions),
    history: [{ created, created_by: "the root file system of a SIF file" }],
    created,
  });
}

interface RootLayer {
  readonly layer: LayerBlob | null;
  readonly hasActions: boolean;
}

const actionsPath = ".singularity.d/actions/run";

/** Who has one id can unpack no owners; on the way through a tar they stay what they are. */
async function streamRoot(engine: Engine, file: SifFile): Promise<RootLayer> {
  const { store } = engine;
  const layer = await addLayerBlob(store, tarOfPartition(engine, file), { compression: "none" });
  await unpackStoredLayer(store, layer, () => {});
  const place = layerPlace(store, layer.diffId);
  return { layer, hasActions: place !== undefined && existsSync(`${place.path}/${actionsPath}`) };
}

async function unpackRoot(worker: Worker, file: SifFile, signal: AbortSignal): Promise<RootLayer> {
  const partition = squashfsRoot(file);
  let hasActions = false;
  // Every file keeps its time: what is in the file is done, and the same for everybody.
  const layer = await makeLayer(worker, [], { latest: Number.MAX_SAFE_INTEGER }, async ({ rootfs }) => {
    try {
      await unsquashfs({ file: file.fd, offset: partition.offset, target: rootfs, files: "all" }, signal);
    } catch (error) {
      if (!isVialError(error) || error.code !== "program-failed" || signal.aborted) throw error;
      throw sifRootDamaged(file.path, error);
    }
    hasActions = existsSync(`${rootfs}/${actionsPath}`);
  });
  return { layer, hasActions };
}

function platformOf(architecture: Partition["extra"]["architecture"]): Platform {
  return architecture === "unknown" ? hostPlatform() : { os: "linux", architecture };
}

/** The OCI config that travelled along, as Apptainer and Vial put it. */
export function readOciConfig(file: SifFile): ContainerDefaults | undefined {
  const object = file.objects.find(({ type, name }) => type === "generic-json" && name === "oci-config.json");
  if (object === undefined) return undefined;
  if (object.size > maxConfig) throw sifConfigInvalid(file.path, `it has ${object.size} bytes`);
  const text = Buffer.concat([...file.read(object)].map((piece) => Buffer.from(piece))).toString();
  try {
    const config: unknown = JSON.parse(text);
    // Read as a part of an image config, by whose rules it has to be.
    const whole = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] }, config };
    return parseImageConfig(Buffer.from(JSON.stringify(whole))).config ?? {};
  } catch (error) {
    throw sifConfigInvalid(file.path, (error as Error).message);
  }
}

/** Of an image that never was one of the OCI: its own scripts set the environment and start it. */
export function otherConfig(hasActions: boolean): ContainerDefaults {
  return {
    Env: [defaultPathEntry],
    WorkingDir: "/",
    ...(hasActions ? { Entrypoint: ["/.singularity.d/actions/run"] } : { Cmd: ["/bin/sh"] }),
  };
}
