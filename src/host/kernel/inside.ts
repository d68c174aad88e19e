import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { errno, pointer, cString, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

// Paths inside a root that somebody else may be changing: a container's file system. The kernel resolves the whole path
// (openat2(2), Linux 5.6), with links that are absolute or go upwards staying inside, and the answer is a descriptor, so
// that nothing is looked up twice (CVE-2018-15664). Below a descriptor, `belowFd` names one more component; the calls
// that use it must not follow a link there.

const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_NO_SYMLINKS = 0x04n;
const RESOLVE_IN_ROOT = 0x10n;
const EAGAIN = 11;
const EINTR = 4;

export const openFlag = {
  path: 0o10000000,
  directory: 0o200000,
  noFollow: 0o400000,
  closeOnExec: 0o2000000,
} as const;

/** An open descriptor that closes itself. */
export class OpenFile implements Disposable {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** The path of the open file itself, whatever its name has become. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

export interface InsideOptions {
  /** Of a file that O_CREAT makes. */
  readonly mode?: number;
  /** `refuse`: a link anywhere in the path is ELOOP. */
  readonly links?: "inside" | "refuse";
}

/**
 * Opens `path` (bytes, or text in UTF-8) with `root` as its "/" and as what ".." cannot leave. `flags` as for open(2);
 * `openFlag.path` gives a descriptor that names without reading. Throws SystemError (ENOENT, ENOTDIR, ELOOP ...).
 */
export function openInside(
  root: number,
  path: string | Uint8Array,
  flags: number,
  options: InsideOptions = {},
): OpenFile {
  const name = cString(path.length === 0 ? "." : path);
  const how = new BigUint64Array([
    BigInt(flags | openFlag.closeOnExec),
    BigInt(options.mode ?? 0),
    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | (options.links === "refuse" ? RESOLVE_NO_SYMLINKS : 0n),
  ]);
  for (let tries = 0; ; tries++) {
    const fd = systemCall("openat2", BigInt(root), BigInt(pointer(name)), BigInt(pointer(how)), 24n);
    if (fd >= 0) return new OpenFile(fd);
    const code = errno();
    // EAGAIN: a rename somewhere came in between, and the kernel could not tell whether ".." left the root.
    if (code === EINTR || (code === EAGAIN && tries < 1000)) continue;
    throw new SystemError(`openat2 ${Buffer.from(path).toString()}`, code);
  }
}

/**
 * A regular file below an open root, whole; undefined for what is no such file, is longer than `maxBytes`, or cannot be read.
 * Links stay inside, and a pipe that waits for its writer or a terminal holds nobody up.
 */
export function readFileInside(root: number, path: string, maxBytes: number): Buffer | undefined {
  try {
    using file = openInside(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const info = fstatSync(file.fd);
    if (!info.isFile() || info.size > maxBytes) return undefined;
    const bytes = Buffer.alloc(info.size);
    return bytes.subarray(0, readSync(file.fd, bytes, 0, bytes.length, 0));
  } catch {
    return undefined;
  }
}

/** Where an open link leads, as bytes; `fd` is of `openFlag.path | openFlag.noFollow`. It cannot become another meanwhile. */
export function readOpenLink(fd: number): Buffer {
  const [empty, target] = [cString(""), Buffer.alloc(4096)];
  const size = systemCall(
    "readlinkat",
    BigInt(fd),
    BigInt(pointer(empty)),
    BigInt(pointer(target)),
    BigInt(target.length),
  );
  if (size < 0) throw new SystemError("readlinkat", errno());
  return target.subarray(0, size);
}

/** Whether this person may execute an open file, also one that was opened by `openFlag.path` (faccessat2(2), Linux 5.8). */
export function mayExecute(fd: number): boolean {
  const [empty, executable, emptyPath] = [cString(""), 1n, 0x1000n];
  return systemCall("faccessat2", BigInt(fd), BigInt(pointer(empty)), executable, emptyPath) === 0;
}

/** Opens a folder as a root for openInside(). */
export function openRoot(path: string): OpenFile {
  return new OpenFile(openSync(path, openFlag.path | openFlag.directory | openFlag.closeOnExec));
}

/** The path of one entry of an open folder, as bytes. `name` must be a single component. */
export function belowFd(folder: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${folder}/`), name]);
}
