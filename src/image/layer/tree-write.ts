import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeSync,
  chmodSync,
} from "node:fs";
import {
  belowFd,
  checked,
  cString,
  moreOfLibc,
  type OpenFile,
  openFlag,
  openInside,
  pointer,
  writeXattr,
} from "#host";
import { copyNameEscapes, copyOverFolder, copyOverOther } from "../error.ts";
import type { TarEntry, TarHandler } from "./tar-read.ts";

// Members of a tar stream written into a folder of a root that somebody else may be changing. The folder of each entry
// is resolved inside the root by the kernel and held open; the entry itself is one component below it, created with
// O_EXCL and never reached through a link. So a name, a link of the archive or a link of the container leads at most
// to another place inside of the root.

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface TreeWriteOptions {
  /**
   * `archive` takes owners and extended attributes from the stream; `caller` makes all of it the caller's; ids make it
   * theirs, with the extended attributes of the stream.
   */
  readonly owner: "archive" | "caller" | Owner;
  /**
   * What comes from a container to the host is `foreign`: device nodes are left out, and a setuid program of another user
   * does not become one of the caller's.
   */
  readonly from: "own" | "foreign";
  /** `archive`: the folder that takes the members gets the status that the archive has for "./"; else it keeps its own. */
  readonly top?: "archive" | undefined;
}

export class TreeWriter implements TarHandler, Disposable {
  readonly #root: number;
  readonly #base: string;
  readonly #options: TreeWriteOptions;
  /** Open folders by path below the base; few, because an archive goes from folder to folder. */
  readonly #folders = new Map<string, OpenFile>();
  readonly #times: { readonly path: string; readonly time: number; readonly mode: number }[] = [];
  #fd: number | undefined;
  #at: Buffer = Buffer.alloc(0);
  #entry: TarEntry | undefined;
  #written = 0;
  /** Names of device nodes that were left out. */
  readonly skipped: string[] = [];

  /** `base` is a binary string: the folder below `root` that takes the members. It has to exist. */
  constructor(root: number, base: string, options: TreeWriteOptions) {
    this.#root = root;
    this.#base = base;
    this.#options = options;
  }

  entry(entry: TarEntry): void {
    this.#entry = entry;
    const parts = componentsOf(entry.name);
    const name = parts.pop();
    // The top itself: "./" of an archive. The folder is there.
    if (name === undefined) {
      if (this.#options.top === "archive" && entry.type === "directory") this.#takeTop(entry);
      return;
    }
    const parent = this.#folder(parts.join("/"));
    const at = belowFd(parent.fd, Buffer.from(name, "latin1"));
    switch (entry.type) {
      case "directory":
        this.#makeFolder(at, entry, [...parts, name].join("/"));
        return;
      case "file":
        clearWay(at, entry.name);
        this.#fd = createFile(at);
        this.#at = at;
        return;
      case "symlink":
        clearWay(at, entry.name);
        symlinkSync(Buffer.from(entry.linkName, "latin1"), at);
        break;
      case "hard-link": {
        const target = componentsOf(entry.linkName);
        const last = target.pop() ?? "";
        const source = belowFd(this.#folder(target.join("/")).fd, Buffer.from(last, "latin1"));
        if (source.equals(at)) return;
        clearWay(at, entry.name);
        linkSync(source, at);
        return;
      }
      default:
        if (entry.type !== "fifo" && this.#options.from === "foreign") {
          this.skipped.push(entry.name);
          return;
        }
        clearWay(at, entry.name);
        makeNode(parent.fd, name, entry);
        setMode(parent.fd, name, entry.mode);
    }
    const owner = this.#ownerOf(entry);
    if (owner !== undefined) lchownSync(at, owner.uid, owner.gid);
    this.#setXattrs(at, entry);
    lutimesSync(at, timeOf(entry), timeOf(entry));
  }

  data(bytes: Buffer, offset: number): void {
    if (this.#fd === undefined) return;
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
    this.#written = offset + bytes.length;
  }

  end(): void {
    const [fd, entry] = [this.#fd, this.#entry];
    if (fd === undefined || entry === undefined) return;
    this.#fd = undefined;
    try {
      // The last part of a sparse file may be a hole.
      if (this.#written < entry.size) writeSync(fd, Buffer.alloc(1), 0, 1, entry.size - 1);
      this.#written = 0;
      const owner = this.#ownerOf(entry);
      if (owner !== undefined) fchownSync(fd, owner.uid, owner.gid);
      this.#setXattrs(this.#at, entry);
      // After the owner, because chown(2) takes setuid away.
      fchmodSync(fd, this.#modeOf(entry));
      futimesSync(fd, timeOf(entry), timeOf(entry));
    } finally {
      closeSync(fd);
    }
  }

  /** Sets the times of folders, which every file in them had changed. Call after the last entry. */
  finish(): void {
    for (const { path, time, mode } of this.#times.reverse()) {
      const folder = this.#folder(path);
      chmodSync(folder.path, mode);
      lutimesSync(Buffer.from(`${folder.path}/.`), time, time);
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    for (const folder of this.#folders.values()) folder[Symbol.dispose]();
    this.#folders.clear();
  }

  #makeFolder(at: Buffer, entry: TarEntry, path: string): void {
    try {
      mkdirSync(at, 0o700);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) throw copyOverOther(entry.name);
    }
    const owner = this.#ownerOf(entry);
    if (owner !== undefined) lchownSync(at, owner.uid, owner.gid);
    this.#setXattrs(at, entry);
    this.#times.push({ path, time: timeOf(entry), mode: this.#modeOf(entry) });
  }

  #takeTop(entry: TarEntry): void {
    const at = Buffer.from(`${this.#folder("").path}/.`);
    const owner = this.#ownerOf(entry);
    if (owner !== undefined) lchownSync(at, owner.uid, owner.gid);
    this.#setXattrs(at, entry);
    this.#times.push({ path: "", time: timeOf(entry), mode: this.#modeOf(entry) });
  }

  #ownerOf(entry: TarEntry): Owner | undefined {
    const { owner } = this.#options;
    return owner === "caller" ? undefined : owner === "archive" ? entry : owner;
  }

  #modeOf(entry: TarEntry): number {
    const { from, owner } = this.#options;
    return from === "foreign" && owner === "caller" ? entry.mode & 0o1777 : entry.mode;
  }

  /** An open folder below the base; folders that are missing on the way are made. */
  #folder(path: string): OpenFile {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    if (this.#folders.size >= 64) {
      const [oldest, folder] = this.#folders.entries().next().value!;
      folder[Symbol.dispose]();
      this.#folders.delete(oldest);
    }
    const full = Buffer.from(`${this.#base}/${path}`, "latin1");
    const flags = openFlag.path | openFlag.directory;
    let folder: OpenFile;
    try {
      folder = openInside(this.#root, full, flags);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || path === "") throw error;
      const slash = path.lastIndexOf("/");
      const parent = this.#folder(slash < 0 ? "" : path.slice(0, slash));
      mkdirSync(belowFd(parent.fd, Buffer.from(path.slice(slash + 1), "latin1")), 0o755);
      folder = openInside(this.#root, full, flags);
    }
    this.#folders.set(path, folder);
    return folder;
  }

  #setXattrs(at: Buffer, entry: TarEntry): void {
    if (this.#options.owner === "caller") return;
    for (const [name, value] of entry.xattrs ?? []) {
      // The engine alone makes overlayfs's own state.
      if (/^(?:trusted|user)\.overlay\./.test(name)) continue;
      try {
        writeXattr(at, name, value);
      } catch (error) {
        // A file system without such attributes, or an ordinary user: cp -a goes on here, too.
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "EOPNOTSUPP" && code !== "EPERM") throw error;
      }
    }
  }
}

function componentsOf(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  // The reader may pass such names on; here they could leave the folder that was asked for.
  if (parts.includes("..")) throw copyNameEscapes(name);
  return parts;
}

/** Takes away what is in the way: a link is removed, never followed; a folder stays, and is refused. */
function clearWay(at: Buffer, name: string): void {
  const info = lstatSync(at, { throwIfNoEntry: false });
  if (info === undefined) return;
  if (info.isDirectory()) throw copyOverFolder(name);
  try {
    unlinkSync(at);
  } catch (error) {
    // A file with something mounted on it, as /etc/hosts of a container: it is written in place.
    if ((error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
  }
}

function createFile(at: Buffer): number {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_TRUNC, O_NONBLOCK } = constants;
  try {
    return openSync(at, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const fd = openSync(at, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw copyOverOther(at.toString("latin1").slice(at.lastIndexOf("/") + 1));
}

function makeNode(parent: number, name: string, entry: TarEntry): void {
  const kind = entry.type === "fifo" ? 0o010000 : entry.type === "block-device" ? 0o060000 : 0o020000;
  const [major, minor] = [BigInt(entry.deviceMajor), BigInt(entry.deviceMinor)];
  const device =
    entry.type === "fifo"
      ? 0n
      : ((major & 0xfffn) << 8n) | ((major & ~0xfffn) << 32n) | (minor & 0xffn) | ((minor & ~0xffn) << 12n);
  const text = cString(Buffer.from(name, "latin1"));
  checked(`mknod ${name}`, moreOfLibc().mknodat(parent, pointer(text), kind | 0o600, device));
}

/** By a descriptor: chmod(2) of the name would follow a link that a container puts there meanwhile. */
function setMode(parent: number, name: string, mode: number): void {
  using node = openInside(parent, Buffer.from(name, "latin1"), openFlag.path | openFlag.noFollow);
  if (!fstatSync(node.fd).isSymbolicLink()) chmodSync(node.path, mode);
}

function timeOf(entry: TarEntry): number {
  return entry.mtime + entry.mtimeNanoseconds / 1e9;
}
