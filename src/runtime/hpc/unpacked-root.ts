import {
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import {
  lockExclusive,
  lockShared,
  passOnLock,
  removeTree,
  setTimes,
  treeBytes,
  tryLock,
  unsquashfsSync,
} from "#host";
import { unpackFolderUnsafe } from "./error.ts";
import type { RootSource } from "./root-source.ts";

// The last resort: an image file that can be mounted neither by the kernel nor by FUSE is unpacked into a folder, once.
//
//     KEY         the files of an image; KEY is a digest over the image's place, size and times
//     KEY.lock    held by who unpacks it, and shared by every program that runs in it, until the last has ended; what it takes
//                 on the disk stands in there, and its time is that of the last use
//     KEY.part    half an image; of nobody, when nobody holds its lock exclusively
//
// The lock is flock(2) on a descriptor that the program inherits. So it holds on every node of a cluster that shares the folder,
// needs no process that stays, and is gone with the last program inside, however that ends.

/** Where images are unpacked. */
export interface UnpackPlace {
  readonly folder: string;
  /** Bytes that all of them together may take; the one that is about to run stays in any case. */
  readonly limit: number;
}

type Squashfs = Extract<RootSource, { readonly kind: "squashfs" }>;

/**
 * The folder of an unpacked image, which nobody removes before this process, and what it becomes, has ended. Of several that
 * start at once one unpacks, and the others wait. `warn` is told before the work is done.
 * Throws unpack-folder-unsafe, lock-unsupported, program-missing, program-failed.
 */
export function unpackedRoot(source: Squashfs, place: UnpackPlace, warn: (sentence: string) => void): string {
  const folder = `${openFolder(place.folder)}/${keyOf(source)}`;
  for (;;) {
    // Held by its maker while it is made.
    using lock = lockShared(`${folder}.lock`);
    if (!existsSync(folder)) {
      lock[Symbol.dispose]();
      makeRoot(source, folder, place, warn);
      continue;
    }
    setTimes(Buffer.from(lock.path), Math.floor(Date.now() / 1000), 0);
    passOnLock(lock);
    return folder;
  }
}

function keyOf(source: Squashfs): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = fstatSync(source.file);
  return new Bun.CryptoHasher("sha256")
    .update(JSON.stringify([source.path, dev, ino, size, mtimeMs, ctimeMs, source.offset]))
    .digest("hex")
    .slice(0, 32);
}

function openFolder(place: string): string {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  // Below a folder for all, such as /tmp, somebody else could have put his own image there.
  const info = lstatSync(place);
  if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0)
    throw unpackFolderUnsafe(place);
  return place;
}

function makeRoot(
  source: Squashfs,
  folder: string,
  place: UnpackPlace,
  warn: (sentence: string) => void,
): void {
  using _lock = lockExclusive(`${folder}.lock`);
  // Another process was quicker.
  if (existsSync(folder)) return;
  warn(
    `"${source.path}" cannot be mounted by this user (no /dev/fuse, or no squashfuse): it is unpacked into ` +
      `${place.folder}, which costs its space there and the time once; the package squashfuse and a /dev/fuse for all avoid it`,
  );
  const part = `${folder}.part`;
  removeTree(part);
  try {
    unsquashfsSync({ file: source.file, offset: source.offset, target: part, files: "mine" });
    writeFileSync(`${folder}.lock`, `${treeBytes(part)}\n`);
    renameSync(part, folder);
  } catch (error) {
    removeTree(part);
    throw error;
  }
  trimUnpacked(place, folder);
}

export interface UnpackedImage {
  readonly key: string;
  readonly path: string;
  /** Bytes on the disk. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

/** The images that lie unpacked in a folder, what was used last first. */
export function listUnpacked(place: string): readonly UnpackedImage[] {
  return namesIn(place)
    .flatMap((key): readonly UnpackedImage[] => {
      if (!/^[0-9a-f]{32}$/.test(key)) return [];
      const path = `${place}/${key}`;
      const lock = statSync(`${path}.lock`, { throwIfNoEntry: false });
      const size = lock === undefined ? 0 : Number(readFileSync(`${path}.lock`, "utf8"));
      return [{ key, path, size: size > 0 ? size : treeBytes(path), usedAt: lock?.mtimeMs ?? 0 }];
    })
    .sort((a, b) => b.usedAt - a.usedAt);
}

/** Deletes one of them, or what is left of it. False: a program runs in it, or somebody is unpacking it. */
export function removeUnpacked(path: string): boolean {
  using lock = tryLock(`${path}.lock`);
  if (lock === undefined) return false;
  // Nobody sees half of it.
  if (existsSync(path) && !existsSync(`${path}.part`)) renameSync(path, `${path}.part`);
  removeTree(path);
  removeTree(`${path}.part`);
  // Removed while held: who waits for it sees that it is gone, and takes the new one.
  rmSync(`${path}.lock`, { force: true });
  return true;
}

/** Deletes what was used longest ago until the rest is within the limit, and halves whose maker was killed. */
function trimUnpacked({ folder, limit }: UnpackPlace, kept: string): void {
  let total = 0;
  for (const { path, size } of listUnpacked(folder)) {
    total += size;
    if (total > limit && path !== kept && removeUnpacked(path)) total -= size;
  }
  for (const name of namesIn(folder)) {
    const key = /^([0-9a-f]{32})\.part$/.exec(name)?.[1];
    if (key !== undefined && !existsSync(`${folder}/${key}`) && `${folder}/${key}` !== kept)
      removeUnpacked(`${folder}/${key}`);
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
