import { closeSync, openSync, readSync, statSync } from "node:fs";
import { layerPlace } from "#image";
import { absolutePath, type HpcImage, imageFolderOdd } from "#runtime";
import { isSif, openSif, squashfsRoot } from "#sif";
import { findImageRecord, recallImage } from "./container/image-record.ts";
import type { Engine } from "./engine-handle.ts";
import { hpcImageMissing, imageFileUnknown, layerMissing } from "./error.ts";

// The image of a run in the profile `hpc`: a folder, a file, or a name in the store.

/** Opens what lies at a path of the host; undefined when nothing does. */
export function openHpcFile(name: string, cwd: string): HpcImage | undefined {
  const path = absolutePath(name, cwd);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info === undefined) return undefined;
  if (info.isDirectory()) return imageOf(path, { kind: "folder", path: checkFolder(path) });
  const head = readHeadOf(path);
  const squashfs = squashfsStart(head);
  if (squashfs !== undefined) return imageOf(path, { kind: "squashfs", path, offset: squashfs, size: 0 });
  if (!isSif(head)) throw imageFileUnknown(path);
  using sif = openSif(path);
  const partition = squashfsRoot(sif);
  const root = { kind: "squashfs", path, offset: partition.offset, size: partition.size } as const;
  // Apptainer too takes the first one of the group that runs.
  const overlay = sif.objects.find(
    ({ extra, group }) =>
      extra.kind === "partition" && extra.partition === "overlay" && group === partition.group,
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
  const { Env, Entrypoint, Cmd } = record.defaults;
  return {
    name,
    root: { kind: "layers", name, layers },
    env: Env ?? [],
    entrypoint: Entrypoint ?? [],
    command: Cmd ?? [],
  };
}

/** For a name that has to be a path by its form, or is one by what was asked. */
export function needHpcFile(name: string, cwd: string): HpcImage {
  const image = openHpcFile(name, cwd);
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

/** The first bytes of a file; undefined for a folder, and for what is not there. */
export function readHead(path: string): Buffer | undefined {
  const info = statSync(path, { throwIfNoEntry: false });
  return info === undefined || info.isDirectory() ? undefined : readHeadOf(path);
}

function readHeadOf(path: string): Buffer {
  const head = Buffer.alloc(headBytes);
  // Not blocking on a named pipe.
  const fd = openSync(path, 0o4000);
  try {
    return head.subarray(0, readSync(fd, head, 0, headBytes, 0));
  } finally {
    closeSync(fd);
  }
}

/** "hsqs" at the beginning, or behind a first line that starts the file. */
function squashfsStart(head: Buffer): number | undefined {
  if (head.subarray(0, 4).toString("latin1") === "hsqs") return 0;
  if (head.subarray(0, 2).toString("latin1") !== "#!" || isSif(head)) return undefined;
  const start = head.indexOf("\n") + 1;
  return start > 0 && head.subarray(start, start + 4).toString("latin1") === "hsqs" ? start : undefined;
}
