import { closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { layerPlace } from "#image";
import { absolutePath, type HpcImage, imageFolderOdd } from "#runtime";
import { isOciSif, isSif, SifFile, squashfsRoot } from "#sif";
import { ofDefaults } from "./hpc-image-defaults.ts";
import { findImageRecord, recallImage } from "./container/image-record.ts";
import type { Engine } from "./engine-handle.ts";
import { hpcImageMissing, imageFileUnknown, layerMissing } from "./error.ts";
import { checkPolicy } from "./policy/policy.ts";

// The image of a run in the profile `hpc`: a folder, a file, or a name in the store.

/**
 * Opens what lies at a path of the host; undefined when nothing does. A file is opened once, looked at, held against the
 * policy, and then run by the same descriptor. Throws policy-refused.
 */
export async function openHpcFile(name: string, cwd: string): Promise<HpcImage | undefined> {
  const path = absolutePath(name, cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return undefined;
  if (info.isDirectory()) {
    const image = imageOf(path, { kind: "folder", path: checkFolder(path) });
    await checkPolicy({ path });
    return image;
  }
  // Not blocking on a named pipe.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return await openImageFile(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

async function openImageFile(path: string, fd: number): Promise<HpcImage> {
  const head = readHeadOf(fd);
  const squashfs = squashfsStart(head);
  if (squashfs !== undefined) {
    await checkPolicy({ path, fd });
    return imageOf(path, { kind: "squashfs", path, file: fd, offset: squashfs, size: 0 });
  }
  if (!isSif(head)) throw imageFileUnknown(path);
  const sif = new SifFile(path, fd);
  if (isOciSif(sif)) {
    await checkPolicy({ path, fd, sif });
    const { ofOciSif } = await import("./oci-sif-image.ts");
    return ofOciSif(path, fd, sif);
  }
  const partition = squashfsRoot(sif);
  await checkPolicy({ path, fd, sif });
  const { offset, size, group: own } = partition;
  const root = { kind: "squashfs", path, file: fd, offset, size } as const;
  // Apptainer too takes the first one of the group that runs.
  const overlay = sif.objects.find(
    ({ extra, group }) => extra.kind === "partition" && extra.partition === "overlay" && group === own,
  );
  if (overlay === undefined) return imageOf(path, root);
  return { ...imageOf(path, root), overlay: { offset: overlay.offset, size: overlay.size } };
}

/** An image of the store by its name. Throws image-unknown, layer-missing. */
export async function openHpcReference(engine: Engine, name: string): Promise<HpcImage> {
  const record = recallImage(engine, name) ?? (await findImageRecord(engine, name, undefined));
  const layers = record.diffIds.map((diffId) => {
    const place = layerPlace(engine.store, diffId);
    if (place === undefined) throw layerMissing(name, diffId);
    return place;
  });
  return ofDefaults(name, { kind: "layers", name, layers }, record.defaults);
}

/** For a name that has to be a path by its form, or is one by what was asked. */
export async function needHpcFile(name: string, cwd: string): Promise<HpcImage> {
  const image = await openHpcFile(name, cwd);
  if (image === undefined) throw hpcImageMissing(name);
  return image;
}

function imageOf(name: string, root: HpcImage["root"]): HpcImage {
  return { name, root, env: [], entrypoint: [], command: [] };
}

/** A folder that is given by mistake holds no programs; the reason is then better than "not found". */
function checkFolder(path: string): string {
  const isRoot = ["bin", "usr", ".singularity.d"].some(
    (name) => statSync(`${path}/${name}`, { throwIfNoEntry: false }) !== undefined,
  );
  if (!isRoot) throw imageFolderOdd(path);
  return path;
}

const headBytes = 2048;

/** A root file system that is only to be looked at. */
export type SeenRoot =
  | { readonly kind: "sif"; readonly path: string }
  | { readonly kind: "folder"; readonly path: string }
  | { readonly kind: "squashfs"; readonly path: string; readonly offset: number };

/** What lies at a path, for who looks and runs nothing: no policy is asked. Throws as needHpcFile(). */
export function seeImageFile(name: string, cwd: string): SeenRoot {
  const path = absolutePath(name, cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) throw hpcImageMissing(name);
  if (info.isDirectory()) return { kind: "folder", path: checkFolder(path) };
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const head = readHeadOf(fd);
    const offset = squashfsStart(head);
    if (offset !== undefined) return { kind: "squashfs", path, offset };
    if (!isSif(head)) throw imageFileUnknown(path);
    return { kind: "sif", path };
  } finally {
    closeSync(fd);
  }
}

function readHeadOf(fd: number): Buffer {
  const head = Buffer.alloc(headBytes);
  return head.subarray(0, readSync(fd, head, 0, headBytes, 0));
}

/** "hsqs" at the beginning, or behind a first line that starts the file. */
function squashfsStart(head: Buffer): number | undefined {
  if (head.subarray(0, 4).toString("latin1") === "hsqs") return 0;
  if (head.subarray(0, 2).toString("latin1") !== "#!" || isSif(head)) return undefined;
  const start = head.indexOf("\n") + 1;
  return start > 0 && head.subarray(start, start + 4).toString("latin1") === "hsqs" ? start : undefined;
}
