import { cString, libc, pointer } from "../kernel/libc.ts";

// statx(2): its structure is the same on every machine, which that of stat(2) is not.

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const basicStats = 0x7ff;

const kind = { folder: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000, block: 0o060000 };

/** What the quick verbs ask of a file's status, under the names of node:fs. */
export class QuickStats {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly size: number;
  readonly mtimeMs: number;

  constructor(answer: Buffer) {
    const device = (at: number) => encodeDevice(answer.readUInt32LE(at), answer.readUInt32LE(at + 4));
    this.nlink = answer.readUInt32LE(16);
    this.uid = answer.readUInt32LE(20);
    this.gid = answer.readUInt32LE(24);
    this.mode = answer.readUInt16LE(28);
    this.ino = Number(answer.readBigUInt64LE(32));
    this.size = Number(answer.readBigUInt64LE(40));
    this.mtimeMs = Number(answer.readBigInt64LE(112)) * 1000 + answer.readUInt32LE(120) / 1e6;
    this.rdev = device(128);
    this.dev = device(136);
  }

  #is(wanted: number): boolean {
    return (this.mode & 0o170000) === wanted;
  }
  isDirectory(): boolean {
    return this.#is(kind.folder);
  }
  isFile(): boolean {
    return this.#is(kind.file);
  }
  isSymbolicLink(): boolean {
    return this.#is(kind.link);
  }
  isCharacterDevice(): boolean {
    return this.#is(kind.character);
  }
  isBlockDevice(): boolean {
    return this.#is(kind.block);
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
  const result = libc().statx(folder, pointer(path), flags, basicStats, pointer(answer));
  return result < 0 ? undefined : new QuickStats(answer);
}
