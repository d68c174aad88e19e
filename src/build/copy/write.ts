import {
  chmodSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import {
  belowFd,
  copyFile,
  makeNode,
  type OpenFile,
  openFlag,
  openInside,
  openRoot,
  readXattrs,
  writeXattr,
} from "#host";
import type { SourceRange } from "#spec";
import { copyOverFolder, copyOverOther } from "../error.ts";
import { ownLink, ownOpen } from "../own.ts";
import { inodeOf } from "./hard-link.ts";
import { readFlags, type SourceTree } from "./source-tree.ts";
import { type SourceEntry, textOf } from "./walk.ts";

// Writes into a mounted root. Every folder is resolved inside the root by the kernel and held open; what is made is one
// name below it, and never reached through a link. So a link of the image leads at most to another place in the image.

export interface Ownership {
  /** Undefined: the source's own, or root's for a plain tree. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** `--chmod`: of files and folders. */
  readonly mode?: (mode: number, isFolder: boolean) => number;
  /** Seconds since 1970: the time of everything from a plain tree, and of new folders. */
  readonly time: number;
}

export class RootWriter implements Disposable {
  readonly #root: OpenFile;
  readonly #ownership: Ownership;
  readonly #where: SourceRange | undefined;
  /** Open folders by path; few, because a walk goes from folder to folder. */
  readonly #folders = new Map<string, OpenFile>();
  /** Set last, because writing into a folder gives it a new time. */
  readonly #folderTimes: { readonly path: string; readonly time: number }[] = [];
  /** Files of whole trees that have several names, by what inodeOf() says of them: where the first one was put. */
  readonly #linked = new Map<string, { readonly path: string; readonly made: bigint }>();

  constructor(rootfs: string, ownership: Ownership, where: SourceRange | undefined) {
    this.#root = openRoot(rootfs);
    this.#ownership = ownership;
    this.#where = where;
  }

  /** Whether a folder is there, links followed inside the root. */
  isFolder(path: string): boolean {
    try {
      using _open = openInside(this.#root.fd, latin(path), openFlag.path | openFlag.directory);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes a folder and those above it, mode 755, of the owner; what is there stays as it is. */
  makeFolders(path: string): void {
    let below = "";
    for (const step of path.split("/").filter((part) => part !== "")) {
      const parent = this.#folder(below);
      below = `${below}/${step}`;
      if (this.isFolder(below)) continue;
      const at = belowFd(parent.fd, latin(step));
      this.#refuseOther(at, below);
      mkdirSync(at, { mode: 0o755 });
      const { uid, gid } = this.#ownership.owner ?? { uid: 0, gid: 0 };
      ownLink(at, uid, gid);
      chmodSync(at, this.#ownership.mode?.(0o755, true) ?? 0o755);
      this.#folderTimes.push({ path: below, time: this.#ownership.time });
    }
  }

  /** Puts an entry of a source tree at `path`. A folder that is there keeps its metadata where `keep` says so. */
  put(tree: SourceTree, source: OpenFile, entry: SourceEntry, path: string, keep: boolean): void {
    const slash = path.lastIndexOf("/");
    const name = latin(path.slice(slash + 1));
    const at = belowFd(this.#folder(path.slice(0, slash)).fd, name);
    const own = this.#ownership.owner;
    const whole = tree.form === "whole";
    const uid = own?.uid ?? (whole ? Number(entry.info.uid) : 0);
    const gid = own?.gid ?? (whole ? Number(entry.info.gid) : 0);
    const time = whole ? Number(entry.info.mtimeNs) / 1e9 : this.#ownership.time;
    const mode = this.#modeOf(entry);
    switch (entry.kind) {
      case "folder": {
        const made = this.#makeFolder(at, path);
        if (!made && keep) return;
        ownLink(at, uid, gid);
        chmodSync(at, mode);
        this.#folderTimes.push({ path, time });
        break;
      }
      case "file": {
        this.#clearWay(at, path);
        if (this.#link(tree, entry, at)) return;
        const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
        using from = openInside(source.fd, latin(entry.full), readFlags(tree));
        using file = openInside(this.#folder(path.slice(0, slash)).fd, name, flags | constants.O_NOFOLLOW, {
          mode: 0o600,
        });
        copyFile(from.fd, file.fd);
        ownOpen(file.fd, uid, gid);
        fchmodSync(file.fd, mode);
        futimesSync(file.fd, time, time);
        const inode = inodeOf(tree, entry);
        if (inode !== undefined)
          this.#linked.set(inode, { path, made: fstatSync(file.fd, { bigint: true }).ino });
        break;
      }
      case "link":
        this.#clearWay(at, path);
        symlinkSync(latin(entry.link ?? ""), at);
        ownLink(at, uid, gid);
        lutimesSync(at, time, time);
        break;
      case "other":
        // Sockets cannot be in an image; devices and fifos come from other images alone.
        if (!whole || (Number(entry.info.mode) & constants.S_IFMT) === constants.S_IFSOCK) return;
        this.#clearWay(at, path);
        makeNode(
          at,
          Number(entry.info.mode),
          Number((entry.info.rdev >> 8n) & 0xfffn),
          Number((entry.info.rdev & 0xffn) | ((entry.info.rdev >> 12n) & 0xfff00n)),
        );
        ownLink(at, uid, gid);
        chmodSync(at, mode);
        lutimesSync(at, time, time);
        break;
      default:
        entry.kind satisfies never;
    }
    if (whole) this.#copyXattrs(source, entry, at);
  }

  /** Puts a text that stands in the recipe at `path`. */
  putText(content: string, path: string): void {
    const slash = path.lastIndexOf("/");
    const parent = this.#folder(path.slice(0, slash));
    const name = latin(path.slice(slash + 1));
    this.#clearWay(belowFd(parent.fd, name), path);
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    using file = openInside(parent.fd, name, flags, { mode: 0o600 });
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length; ) done += writeSync(file.fd, bytes, done);
    const { uid, gid } = this.#ownership.owner ?? { uid: 0, gid: 0 };
    ownOpen(file.fd, uid, gid);
    fchmodSync(file.fd, this.#ownership.mode?.(0o644, false) ?? 0o644);
    futimesSync(file.fd, this.#ownership.time, this.#ownership.time);
  }

  /** Sets the times of folders. Call it last. */
  finish(): void {
    for (const { path, time } of this.#folderTimes.toReversed()) {
      using folder = openInside(this.#root.fd, latin(path), openFlag.directory);
      futimesSync(folder.fd, time, time);
    }
  }

  [Symbol.dispose](): void {
    for (const folder of this.#folders.values()) folder[Symbol.dispose]();
    this.#root[Symbol.dispose]();
  }

  /** Gives a file that was put under another name this name as well. */
  #link(tree: SourceTree, entry: SourceEntry, at: Buffer): boolean {
    const first = this.#linked.get(inodeOf(tree, entry) ?? "");
    if (first === undefined) return false;
    const slash = first.path.lastIndexOf("/");
    const from = belowFd(this.#folder(first.path.slice(0, slash)).fd, latin(first.path.slice(slash + 1)));
    // Something else may have been put over it meanwhile.
    if (lstatSync(from, { bigint: true, throwIfNoEntry: false })?.ino !== first.made) return false;
    linkSync(from, at);
    return true;
  }

  #modeOf(entry: SourceEntry): number {
    const mode = Number(entry.info.mode) & 0o7777;
    return this.#ownership.mode?.(mode, entry.kind === "folder") ?? mode;
  }

  /** False when it was there. */
  #makeFolder(at: Buffer, path: string): boolean {
    const info = lstatSync(at, { throwIfNoEntry: false });
    if (info === undefined) {
      mkdirSync(at, { mode: 0o755 });
      return true;
    }
    if (info.isDirectory()) return false;
    // A link to a folder stands for it, inside the root.
    if (info.isSymbolicLink() && this.isFolder(path)) return false;
    throw copyOverOther(textOf(path), this.#where);
  }

  #refuseOther(at: Buffer, path: string): void {
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined)
      throw copyOverOther(textOf(path), this.#where);
  }

  #clearWay(at: Buffer, path: string): void {
    const info = lstatSync(at, { throwIfNoEntry: false });
    if (info === undefined) return;
    if (!info.isDirectory()) {
      unlinkSync(at);
      return;
    }
    try {
      rmdirSync(at);
    } catch {
      throw copyOverFolder(textOf(path), this.#where);
    }
  }

  #copyXattrs(source: OpenFile, entry: SourceEntry, at: Buffer): void {
    // A link's attributes are its own; they are read by its name below its folder.
    const slash = entry.full.lastIndexOf("/");
    using folder = openInside(
      source.fd,
      latin(slash < 0 ? "/" : entry.full.slice(0, slash)),
      openFlag.path | openFlag.directory,
    );
    const name = entry.full.slice(slash + 1);
    if (name === "") return;
    for (const [key, value] of readXattrs(belowFd(folder.fd, latin(name))) ?? [])
      if (!/^(?:trusted|user)\.overlay\./.test(key)) writeXattr(at, key, value);
  }

  #folder(path: string): OpenFile {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    if (this.#folders.size > 32) {
      for (const folder of this.#folders.values()) folder[Symbol.dispose]();
      this.#folders.clear();
    }
    const folder = openInside(
      this.#root.fd,
      latin(path === "" ? "/" : path),
      openFlag.path | openFlag.directory,
    );
    this.#folders.set(path, folder);
    return folder;
  }
}

/** Opens a source tree for RootWriter.put(). */
export function openTree(tree: SourceTree): OpenFile {
  const folder = openRoot(tree.root);
  fstatSync(folder.fd);
  return folder;
}

function latin(text: string): Buffer {
  return Buffer.from(text, "latin1");
}
