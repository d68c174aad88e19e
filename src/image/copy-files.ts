import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  type BigIntStats,
} from "node:fs";
import {
  belowFd,
  changeOwner,
  copySparse,
  makeNode,
  OpenFile,
  openFlag,
  openInside,
  readXattrs,
  setTimes,
  writeXattr,
} from "#host";
import { deviceOf } from "./layer/tree-read.ts";

// A folder's files into another folder, as `cp -a` does: owners, modes, times, extended attributes, hard links, holes. What
// is in files goes through the kernel alone. Both folders may hold links that somebody hostile has made: every entry is one
// component below a folder that was resolved inside of its top without following a link.

export interface CopyFilesOptions {
  /** Told of the bytes of each piece. */
  readonly progress?: (bytes: number) => void;
  /** Files that are there make room: an earlier copy was cut short. Else they are EEXIST. */
  readonly replace?: boolean;
}

/** Copies what is in the open folder `from` into the open folder `to`, but not the status of the folder itself. */
export function copyFiles(from: number, to: number, options: CopyFilesOptions = {}): void {
  const linked = new Map<string, Buffer>();
  const folders: { readonly path: Buffer; readonly info: BigIntStats }[] = [];
  // By paths, and not by open folders: a tree may be deeper than descriptors can be had.
  const waiting: Buffer[] = [Buffer.from(".")];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    using source = openBelow(from, path);
    using target = openBelow(to, path);
    for (const name of readdirSync(`${source.path}/.`, { encoding: "buffer" })) {
      const entry = { from: belowFd(source.fd, name), to: belowFd(target.fd, name) };
      const info = lstatSync(entry.from, { bigint: true });
      const below = Buffer.concat([path, Buffer.from("/"), name]);
      if (info.isDirectory()) {
        makeFolder(entry.to, options);
        folders.push({ path: below, info });
        copyXattrs(entry.from, entry.to);
        waiting.push(below);
        continue;
      }
      const key = `${info.dev}:${info.ino}`;
      const first = info.nlink > 1n ? linked.get(key) : undefined;
      if (options.replace === true) makeRoom(entry.to);
      if (first !== undefined) {
        linkFirst(to, first, entry.to);
        continue;
      }
      if (info.nlink > 1n) linked.set(key, below);
      if (copyEntry(entry.from, entry.to, info, options)) giveStatus(entry.from, entry.to, info);
    }
  }
  // Last, for each file in it has changed a folder's time, and a mode may forbid to write.
  for (const { path, info } of folders.reverse()) {
    using folder = openBelow(to, path);
    chmodSync(folder.path, Number(info.mode) & 0o7777);
    const at = Buffer.from(`${folder.path}/.`);
    changeOwner(at, Number(info.uid), Number(info.gid));
    chmodSync(folder.path, Number(info.mode) & 0o7777);
    setTimes(at, ...timeOf(info));
  }
}

function openBelow(top: number, path: Buffer): OpenFile {
  return openInside(top, path, openFlag.path | openFlag.directory, { links: "refuse" });
}

/** A name that was hard to reach once is resolved again, for it may be a link by now. */
function linkFirst(to: number, first: Buffer, at: Buffer): void {
  const slash = first.lastIndexOf("/");
  using folder = openBelow(to, first.subarray(0, slash));
  linkSync(belowFd(folder.fd, first.subarray(slash + 1)), at);
}

function makeFolder(at: Buffer, { replace }: CopyFilesOptions): void {
  try {
    mkdirSync(at, 0o700);
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    if (!isThere || replace !== true || !lstatSync(at).isDirectory()) throw error;
  }
}

function makeRoom(at: Buffer): void {
  const info = lstatSync(at, { throwIfNoEntry: false });
  if (info !== undefined && !info.isDirectory()) unlinkSync(at);
}

/** False for what cannot be copied: a socket, and a device in a user namespace. */
function copyEntry(from: Buffer, to: Buffer, info: BigIntStats, options: CopyFilesOptions): boolean {
  if (info.isFile()) return copyContent(from, to, options);
  if (info.isSymbolicLink()) {
    symlinkSync(readlinkSync(from, { encoding: "buffer" }), to);
    return true;
  }
  if (info.isSocket()) return false;
  const { deviceMajor, deviceMinor } = deviceOf(info);
  try {
    makeNode(to, (Number(info.mode) & 0o170000) | 0o600, deviceMajor, deviceMinor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
    return false;
  }
}

function copyContent(from: Buffer, to: Buffer, { progress }: CopyFilesOptions): true {
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
  const source = openSync(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const target = openSync(to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      copySparse(source, target, fstatSync(source).size, progress);
      return true;
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** In this order: chown(2) takes setuid and capabilities away, and every change sets the time. */
function giveStatus(from: Buffer, to: Buffer, info: BigIntStats): void {
  changeOwner(to, Number(info.uid), Number(info.gid));
  copyXattrs(from, to);
  if (!info.isSymbolicLink()) setMode(to, Number(info.mode) & 0o7777);
  setTimes(to, ...timeOf(info));
}

/** By a descriptor: chmod(2) of the name would follow a link. */
function setMode(path: Buffer, mode: number): void {
  using file = new OpenFile(openSync(path, openFlag.path | openFlag.noFollow | openFlag.closeOnExec));
  if (!fstatSync(file.fd).isSymbolicLink()) chmodSync(file.path, mode);
}

/** Without overlayfs's own, which a volume may not have from a stranger. */
function copyXattrs(from: Buffer, to: Buffer): void {
  for (const [name, value] of readXattrs(from) ?? []) {
    if (/^(?:trusted|user)\.overlay\./.test(name)) continue;
    try {
      writeXattr(to, name, value);
    } catch (error) {
      // A file system without such attributes, or an ordinary user: cp -a goes on here, too.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EOPNOTSUPP" && code !== "EPERM") throw error;
    }
  }
}

function timeOf({ mtimeNs }: BigIntStats): [seconds: number, nanoseconds: number] {
  const seconds = mtimeNs >= 0n ? mtimeNs / 1_000_000_000n : (mtimeNs - 999_999_999n) / 1_000_000_000n;
  return [Number(seconds), Number(mtimeNs - seconds * 1_000_000_000n)];
}
