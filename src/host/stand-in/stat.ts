import type { Stats } from "node:fs";
import { cString, libc, pointer } from "../kernel/libc.ts";

// statx(2): its structure is the same on every machine, which that of stat(2) is not.

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const allStats = 0xfff;

/** The kinds of file in a mode, and as the kernel lists them in a folder (inode(7), readdir(3)). */
const kinds = { fifo: 0o1, character: 0o2, folder: 0o4, block: 0o6, file: 0o10, link: 0o12, socket: 0o14 };

/** The questions that both a status and an entry of a folder answer. */
export class QuickKind {
  readonly #kind: number;
  constructor(kind: number) {
    this.#kind = kind;
  }
  isFIFO(): boolean {
    return this.#kind === kinds.fifo;
  }
  isCharacterDevice(): boolean {
    return this.#kind === kinds.character;
  }
  isDirectory(): boolean {
    return this.#kind === kinds.folder;
  }
  isBlockDevice(): boolean {
    return this.#kind === kinds.block;
  }
  isFile(): boolean {
    return this.#kind === kinds.file;
  }
  isSymbolicLink(): boolean {
    return this.#kind === kinds.link;
  }
  isSocket(): boolean {
    return this.#kind === kinds.socket;
  }
}

/** Times by a class that JavaScript does not have everywhere yet. */
type TemporalName = "atimeInstant" | "mtimeInstant" | "ctimeInstant" | "birthtimeInstant";

/** A status under the names of node:fs. */
export class QuickStats extends QuickKind implements Omit<Stats, TemporalName> {
  readonly blksize: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly ino: number;
  readonly size: number;
  readonly blocks: number;
  readonly atimeMs: number;
  readonly birthtimeMs: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly rdev: number;
  readonly dev: number;

  /** `answer` is a struct statx. */
  constructor(answer: Buffer) {
    super(answer.readUInt16LE(28) >> 12);
    const device = (at: number) => encodeDevice(answer.readUInt32LE(at), answer.readUInt32LE(at + 4));
    const time = (at: number) => Number(answer.readBigInt64LE(at)) * 1000 + answer.readUInt32LE(at + 8) / 1e6;
    this.blksize = answer.readUInt32LE(4);
    this.nlink = answer.readUInt32LE(16);
    this.uid = answer.readUInt32LE(20);
    this.gid = answer.readUInt32LE(24);
    this.mode = answer.readUInt16LE(28);
    this.ino = Number(answer.readBigUInt64LE(32));
    this.size = Number(answer.readBigUInt64LE(40));
    this.blocks = Number(answer.readBigUInt64LE(48));
    this.atimeMs = time(64);
    this.birthtimeMs = time(80);
    this.ctimeMs = time(96);
    this.mtimeMs = time(112);
    this.rdev = device(128);
    this.dev = device(136);
  }

  get atime(): Date {
    return new Date(this.atimeMs);
  }
  get birthtime(): Date {
    return new Date(this.birthtimeMs);
  }
  get ctime(): Date {
    return new Date(this.ctimeMs);
  }
  get mtime(): Date {
    return new Date(this.mtimeMs);
  }
}

/** As the kernel's new_encode_dev: the form that st_rdev has. */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The status of a path, of what its link leads to, or of an open descriptor; undefined with errno set. */
export function askStatus(
  what: string | Uint8Array | number,
  follow: "follow" | "the link itself",
): QuickStats | undefined {
  const answer = Buffer.alloc(256);
  const [folder, path, flags] =
    typeof what === "number"
      ? [what, cString(""), AT_EMPTY_PATH]
      : [AT_FDCWD, cString(what), follow === "follow" ? 0 : AT_SYMLINK_NOFOLLOW];
  const result = libc().statx(folder, pointer(path), flags, allStats, pointer(answer));
  return result < 0 ? undefined : new QuickStats(answer);
}
