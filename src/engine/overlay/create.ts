import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { mkfsExt3 } from "#host";
import { addObject, noTime, openSif, primaryPartition } from "#sif";
import { overlayFileTaken, overlayPathInvalid, overlaySifUnfit, overlaySizeInvalid } from "./error.ts";
import { isSifFile } from "../sif-image.ts";

// A file system in a file in which a container keeps its changes, as `apptainer overlay create` makes it: ext3, with the
// folders "upper" and "work" that overlayfs wants. It lies in a file of its own, or in a SIF file as one more partition.

export interface OverlayImageWish {
  /** A new file, or a SIF file. */
  readonly path: string;
  /** MiB. */
  readonly size: number;
  /** Absolute paths inside that the container has from its beginning, writable for the caller. */
  readonly folders: readonly string[];
  /** It takes space on the disk only as it is filled. */
  readonly sparse: boolean;
}

const leastSize = 64;
const mebibyte = 1 << 20;

/**
 * Throws overlay-size-invalid, overlay-path-invalid, overlay-file-taken, overlay-sif-unfit, sif-full, program-missing,
 * program-failed.
 */
export async function createOverlayImage(wish: OverlayImageWish): Promise<void> {
  const { size, folders } = wish;
  if (!Number.isInteger(size) || size < leastSize || size > 2 ** 24)
    throw overlaySizeInvalid(String(size), leastSize);
  const bad = folders.find((path) => !path.startsWith("/") || path.split("/").includes(".."));
  if (bad !== undefined) throw overlayPathInvalid(bad);
  const path = resolve(wish.path);
  const isSif = isSifFile(path);
  if (existsSync(path) && !isSif) throw overlayFileTaken(path);
  if (isSif) checkSif(path);
  // Beside its place, so that it can be moved there; the user's own alone until it is whole.
  const file = `${path}.overlay-${process.pid}`;
  const layout = mkdtempSync(`${tmpdir()}/vial-overlay-`);
  try {
    makeLayout(layout, folders);
    makeRoom(file, size, wish.sparse);
    await mkfsExt3({ path: file, folder: layout });
    if (isSif) addToSif(path, file);
    else {
      chmodSync(file, 0o644);
      renameSync(file, path);
    }
  } finally {
    rmSync(file, { force: true });
    rmSync(layout, { recursive: true, force: true });
  }
}

function makeLayout(layout: string, folders: readonly string[]): void {
  // The mode of what is seen as the container's root.
  chmodSync(layout, 0o755);
  const all = [
    ...["/upper", "/work"],
    ...folders.flatMap((folder) => {
      const parts = folder.split("/").filter((part) => part !== "" && part !== ".");
      return parts.map((_, index) => `/upper/${parts.slice(0, index + 1).join("/")}`);
    }),
  ];
  for (const path of all) {
    mkdirSync(`${layout}${path}`, { recursive: true });
    // Whatever the umask is: what is inside is seen by all who run it.
    chmodSync(`${layout}${path}`, 0o755);
  }
}

function makeRoom(file: string, size: number, sparse: boolean): void {
  mkdirSync(dirname(file), { recursive: true });
  const fd = openSync(file, "wx", 0o600);
  try {
    if (sparse) ftruncateSync(fd, size * mebibyte);
    else {
      const zeros = Buffer.alloc(mebibyte);
      for (let done = 0; done < size; done++)
        for (let at = 0; at < mebibyte; ) at += writeSync(fd, zeros, at);
    }
  } finally {
    closeSync(fd);
  }
}

/** A signature covers the objects that are there; and one place for changes is enough. */
function checkSif(path: string): void {
  using sif = openSif(path);
  const taken = sif.objects.find(({ extra }) => extra.kind === "partition" && extra.partition === "overlay");
  if (taken !== undefined) throw overlaySifUnfit(path, `its object ${taken.id} is an overlay already`);
  if (sif.objects.some(({ type }) => type === "signature"))
    throw overlaySifUnfit(path, "it is signed, and a change would break what the signature says");
}

function addToSif(path: string, file: string): void {
  const fd = openSync(file, "r");
  try {
    const { architecture } = primaryOf(path);
    if (architecture === "unknown")
      throw overlaySifUnfit(path, "it does not say for which architecture it is");
    addObject(
      path,
      {
        type: "partition",
        extra: { kind: "partition", fileSystem: "ext3", partition: "overlay", architecture },
        content: { kind: "descriptor", fd },
        group: 1,
        link: { kind: "none" },
        name: "overlay",
        time: noTime,
      },
      noTime,
    );
  } finally {
    closeSync(fd);
  }
}

function primaryOf(path: string) {
  using sif = openSif(path);
  return primaryPartition(sif).extra;
}
