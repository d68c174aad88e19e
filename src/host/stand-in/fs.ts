import type * as NodeFs from "node:fs";
import { cString, errno, errnoName, libc, moreOfLibc, pointer } from "../kernel/libc.ts";
import { dirname } from "./path.ts";
import { askStatus, QuickKind } from "./stat.ts";

// The part of node:fs that the quick verbs use, straight on libc. Loading node:fs takes longer than a quarter of the
// whole start of Bun, and `run` and `exec` have libc open anyway. tool/build.ts puts this file in the place of node:fs in
// their chunks; everything else, and every test of the sources, has the real one. What is used only when a command takes
// its time is handed on to the real one.
//
// Same names, same results, same error codes: fs.test.ts holds the two against each other. Arguments that are not among
// those that the quick verbs give are handed on as well.

type Path = string | Buffer;

export const constants = {
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NOCTTY: 0o400,
  O_NONBLOCK: 0o4000,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
} as const;

const O_WRONLY = 1;
const O_RDWR = 2;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const O_APPEND = 0o2000;
const O_DIRECTORY = 0o200000;
const O_CLOEXEC = 0o2000000;
const ENOENT = 2;
const EEXIST = 17;
const EISDIR = 21;

const flagsOf: Readonly<Record<string, number>> = {
  r: 0,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  "a+": O_RDWR | O_CREAT | O_APPEND,
};

function failure(call: string, path: Path | undefined, code = errno()): Error {
  const name = errnoName(code);
  const at = path === undefined ? "" : ` '${typeof path === "string" ? path : Buffer.from(path).toString()}'`;
  return Object.assign(new Error(`${name}, ${call}${at}`), {
    errno: -code,
    code: name.split(":")[0] ?? name,
    syscall: call,
    ...(path === undefined ? {} : { path }),
  });
}

/** A path as libc wants it. A zero byte would cut it short there: another file than the one that was meant. */
function address(path: Path): ReturnType<typeof pointer> {
  if (typeof path === "string" ? path.includes("\0") : path.includes(0))
    throw Object.assign(new TypeError("a path must not hold a zero byte"), { code: "ERR_INVALID_ARG_VALUE" });
  return pointer(cString(path));
}

function done(result: number, call: string, path?: Path): number {
  if (result < 0) throw failure(call, path);
  return result;
}

export function openSync(path: Path, flags: string | number = "r", mode = 0o666): number {
  const bits = typeof flags === "number" ? flags : flagsOf[flags];
  if (bits === undefined) return real().openSync(path, flags, mode);
  return done(libc().open(address(path), bits | O_CLOEXEC, mode), "open", path);
}

export function closeSync(fd: number): void {
  done(libc().close(fd), "close");
}

export function readSync(
  fd: number,
  buffer: Uint8Array,
  offset = 0,
  length = buffer.length - offset,
  position: number | null = null,
): number {
  if (length === 0) return 0;
  const into = pointer(buffer.subarray(offset, offset + length));
  const count =
    position === null ? libc().read(fd, into, length) : libc().pread(fd, into, length, BigInt(position));
  return done(count, "read");
}

const mostAtOnce = 2 ** 30;

export function writeSync(
  fd: number,
  content: string | Uint8Array,
  offset = 0,
  ...further: readonly (number | null | undefined)[]
): number {
  if (further.length > 0 && typeof content !== "string")
    return real().writeSync(fd, content, offset, ...further);
  const bytes = typeof content === "string" ? Buffer.from(content) : content.subarray(offset);
  if (bytes.length === 0) return 0;
  return done(libc().write(fd, pointer(bytes), Math.min(bytes.length, mostAtOnce)), "write");
}

export function fsyncSync(fd: number): void {
  done(moreOfLibc().fsync(fd), "fsync");
}

/** One for all: most files fit, and are made into a text right away. */
let shared: Buffer | undefined;

/** All of a file, in a buffer that the next call uses again. */
function readAll(fd: number): Buffer {
  shared ??= Buffer.allocUnsafe(65_536);
  let bytes = shared;
  for (let length = 0; ; ) {
    // Files of /proc give less than was asked for before their end.
    const count = readSync(fd, bytes, length, bytes.length - length);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length === bytes.length) bytes = Buffer.concat([bytes, Buffer.allocUnsafe(bytes.length)]);
  }
}

export const readFileSync = ((path: Path | number, encoding?: unknown) => {
  if (encoding !== undefined && encoding !== "utf8" && encoding !== "latin1")
    return real().readFileSync(path, encoding as BufferEncoding);
  const fd = typeof path === "number" ? path : openSync(path);
  try {
    const bytes = readAll(fd);
    return encoding === undefined ? Buffer.from(bytes) : bytes.toString(encoding);
  } finally {
    if (typeof path !== "number") closeSync(fd);
  }
}) as typeof NodeFs.readFileSync;

interface WriteOptions {
  readonly mode?: number;
  readonly flag?: string;
}

export function writeFileSync(path: Path, content: string | Uint8Array, options: WriteOptions = {}): void {
  if (typeof path === "number" || typeof options === "string") {
    real().writeFileSync(path, content, options);
    return;
  }
  const fd = openSync(path, options.flag ?? "w", options.mode);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
  } finally {
    closeSync(fd);
  }
}

export function appendFileSync(path: Path, content: string | Uint8Array, options: WriteOptions = {}): void {
  writeFileSync(path, content, { ...options, flag: "a" });
}

export function existsSync(path: Path): boolean {
  return libc().access(address(path), 0) === 0;
}

export function accessSync(path: Path, mode = 0): void {
  done(libc().access(address(path), mode), "access", path);
}

function status(call: string, follow: "follow" | "the link itself") {
  return (path: Path, options: { readonly throwIfNoEntry?: boolean; readonly bigint?: boolean } = {}) => {
    if (options.bigint === true)
      return call === "stat" ? real().statSync(path, options) : real().lstatSync(path, options);
    address(path);
    const found = askStatus(path, follow);
    if (found !== undefined) return found;
    const code = errno();
    if (options.throwIfNoEntry === false && code === ENOENT) return undefined;
    throw failure(call, path, code);
  };
}
export const statSync = status("stat", "follow") as unknown as typeof NodeFs.statSync;
export const lstatSync = status("lstat", "the link itself") as unknown as typeof NodeFs.lstatSync;

export const fstatSync = ((fd: number, ...further: readonly [NodeFs.StatOptions?]) => {
  if (further.length > 0) return real().fstatSync(fd, ...further);
  const found = askStatus(fd, "follow");
  if (found === undefined) throw failure("fstat", undefined);
  return found;
}) as unknown as typeof NodeFs.fstatSync;

export function mkdirSync(path: Path, options: { recursive?: boolean; mode?: number } = {}): void {
  if (libc().mkdir(address(path), options.mode ?? 0o777) === 0) return;
  const code = errno();
  if (options.recursive !== true || typeof path !== "string") throw failure("mkdir", path, code);
  if (code === EEXIST) {
    if (askStatus(path, "follow")?.isDirectory() === true) return;
    throw failure("mkdir", path, code);
  }
  const parent = dirname(path);
  if (code !== ENOENT || parent === path) throw failure("mkdir", path, code);
  mkdirSync(parent, options);
  mkdirSync(path, options);
}

/** One entry of a folder, as node:fs gives it withFileTypes. */
class QuickEntry extends QuickKind {
  readonly name: string;
  readonly parentPath: string;
  constructor(name: string, kind: number, parentPath: string) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
  }
}

const SYS_getdents64 = process.arch === "arm64" ? 61n : 217n;

/** struct linux_dirent64: inode 8, offset 8, length 2, type 1, name (getdents64(2)). */
function readEntries(path: Path): QuickEntry[] {
  const fd = done(libc().open(address(path), O_DIRECTORY | O_CLOEXEC, 0), "scandir", path);
  try {
    const entries: QuickEntry[] = [];
    const bytes = Buffer.alloc(32768);
    for (;;) {
      const asked = libc().syscall(SYS_getdents64, BigInt(fd), BigInt(pointer(bytes)), 32768n, 0n, 0n);
      const count = done(Number(asked), "scandir", path);
      if (count === 0) return entries;
      for (let at = 0; at < count; at += bytes.readUInt16LE(at + 16)) {
        const name = bytes.toString("utf8", at + 19, bytes.indexOf(0, at + 19));
        if (name !== "." && name !== "..")
          entries.push(new QuickEntry(name, bytes[at + 18] ?? 0, String(path)));
      }
    }
  } finally {
    closeSync(fd);
  }
}

export const readdirSync = ((path: Path, options: { readonly withFileTypes?: boolean } = {}) => {
  const known = typeof options === "object" && Object.keys(options).every((name) => name === "withFileTypes");
  if (!known) return real().readdirSync(path, options as { readonly withFileTypes?: false });
  const entries = readEntries(path);
  return options.withFileTypes === true ? entries : entries.map((entry) => entry.name);
}) as unknown as typeof NodeFs.readdirSync;

export function readlinkSync(path: Path): string {
  const bytes = Buffer.alloc(4096);
  const count = done(libc().readlink(address(path), pointer(bytes), 4096), "readlink", path);
  return bytes.toString("utf8", 0, count);
}

export function symlinkSync(text: string, path: Path): void {
  done(libc().symlink(address(text), address(path)), "symlink", path);
}

export function renameSync(from: Path, to: Path): void {
  done(libc().rename(address(from), address(to)), "rename", from);
}

export function unlinkSync(path: Path): void {
  done(libc().unlink(address(path)), "unlink", path);
}

export function rmdirSync(path: Path): void {
  done(libc().rmdir(address(path)), "rmdir", path);
}

export function rmSync(path: string, options: { recursive?: boolean; force?: boolean } = {}): void {
  if (libc().unlink(address(path)) === 0) return;
  const code = errno();
  if (code === ENOENT && options.force === true) return;
  // Links end above: only a folder itself is entered.
  if (code !== EISDIR || options.recursive !== true) throw failure("rm", path, code);
  for (const entry of readEntries(path)) rmSync(`${path}/${entry.name}`, options);
  if (libc().rmdir(address(path)) === 0) return;
  const now = errno();
  if (now !== ENOENT || options.force !== true) throw failure("rm", path, now);
}

export function chmodSync(path: Path, mode: number): void {
  done(moreOfLibc().chmod(address(path), mode), "chmod", path);
}

export function fchownSync(fd: number, uid: number, gid: number): void {
  done(moreOfLibc().fchown(fd, uid, gid), "fchown");
}

export const ftruncateSync = ((...args: Parameters<typeof NodeFs.ftruncateSync>) =>
  real().ftruncateSync(...args)) as typeof NodeFs.ftruncateSync;

export const fdatasyncSync = ((...args: Parameters<typeof NodeFs.fdatasyncSync>) =>
  real().fdatasyncSync(...args)) as typeof NodeFs.fdatasyncSync;

export const read = ((...args: Parameters<typeof NodeFs.read>) => real().read(...args)) as typeof NodeFs.read;

export const watch = ((...args: Parameters<typeof NodeFs.watch>) =>
  real().watch(...args)) as typeof NodeFs.watch;

function real(): typeof NodeFs {
  return process.getBuiltinModule("node:fs");
}
