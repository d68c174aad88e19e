import { dlopen, type FFIFunction, ptr, read } from "bun:ffi";

// The one place that binds libc. Opened on first use, because opening costs 0.4 ms of every start.
// Flags and structures are those of Linux on 64-bit little-endian machines.

const everyStart = {
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  syscall: { args: ["i64", "u64", "u64", "u64", "u64", "u64"], returns: "i64" },
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  signal: { args: ["i32", "u64"], returns: "u64" },
  fcntl: { args: ["i32", "i32", "u64"], returns: "i32" },
  // Lengths in 32 bits, which saves two BigInts for each call: nobody here reads or writes 2 GB at once.
  read: { args: ["i32", "ptr", "u32"], returns: "i32" },
  pread: { args: ["i32", "ptr", "u32", "i64"], returns: "i32" },
  write: { args: ["i32", "ptr", "u32"], returns: "i32" },
  open: { args: ["ptr", "i32", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  access: { args: ["ptr", "i32"], returns: "i32" },
  statx: { args: ["i32", "ptr", "i32", "u32", "ptr"], returns: "i32" },
  mkdir: { args: ["ptr", "u32"], returns: "i32" },
  rmdir: { args: ["ptr"], returns: "i32" },
  unlink: { args: ["ptr"], returns: "i32" },
  rename: { args: ["ptr", "ptr"], returns: "i32" },
  symlink: { args: ["ptr", "ptr"], returns: "i32" },
  readlink: { args: ["ptr", "ptr", "u32"], returns: "i32" },
  sendfile: { args: ["i32", "i32", "ptr", "u64"], returns: "i64" },
  aio_write: { args: ["ptr"], returns: "i32" },
  aio_error: { args: ["ptr"], returns: "i32" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
} as const satisfies Record<string, FFIFunction>;

const others = {
  setns: { args: ["i32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  chroot: { args: ["ptr"], returns: "i32" },
  copy_file_range: { args: ["i32", "ptr", "i32", "ptr", "u64", "u32"], returns: "i64" },
  fallocate: { args: ["i32", "i32", "i64", "i64"], returns: "i32" },
  mknodat: { args: ["i32", "ptr", "u32", "u64"], returns: "i32" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  mkfifo: { args: ["ptr", "u32"], returns: "i32" },
  umask: { args: ["u32"], returns: "u32" },
  lsetxattr: { args: ["ptr", "ptr", "ptr", "u64", "i32"], returns: "i32" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" },
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i64" },
  kill: { args: ["i32", "i32"], returns: "i32" },
  tcgetattr: { args: ["i32", "ptr"], returns: "i32" },
  tcsetattr: { args: ["i32", "i32", "ptr"], returns: "i32" },
  isatty: { args: ["i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  fsync: { args: ["i32"], returns: "i32" },
  chmod: { args: ["ptr", "u32"], returns: "i32" },
  fchown: { args: ["i32", "u32", "u32"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  cfmakeraw: { args: ["ptr"], returns: "void" },
} as const satisfies Record<string, FFIFunction>;

type Symbols<T extends Record<string, FFIFunction>> = ReturnType<typeof dlopen<T>>["symbols"];

let opened: Symbols<typeof everyStart> | undefined;
let openedOthers: Symbols<typeof others> | undefined;

/** The calls that `run` and `exec` make. */
export function libc(): Symbols<typeof everyStart> {
  opened ??= dlopen("libc.so.6", everyStart).symbols;
  return opened;
}

/** The other calls: each one more costs every start a little. */
export function moreOfLibc(): Symbols<typeof others> {
  openedOthers ??= dlopen("libc.so.6", others).symbols;
  return openedOthers;
}

/** A NUL-terminated copy of a path or string. Bytes pass unchanged, so names that are not UTF-8 survive. */
export function cString(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(`${text}\0`) : Buffer.concat([text, Buffer.of(0)]);
}

export function pointer(bytes: NodeJS.TypedArray): ReturnType<typeof ptr> {
  return ptr(bytes);
}

/** errno of the libc call just made. Read it before anything else runs. */
export function errno(): number {
  const location = libc().__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

const names: Readonly<Record<number, string>> = {
  1: "EPERM: operation not permitted",
  2: "ENOENT: no such file or directory",
  3: "ESRCH: no such process",
  5: "EIO: input/output error",
  6: "ENXIO: no such device or address",
  7: "E2BIG: argument list too long",
  8: "ENOEXEC: exec format error",
  9: "EBADF: bad file descriptor",
  11: "EAGAIN: resource temporarily unavailable",
  12: "ENOMEM: cannot allocate memory",
  13: "EACCES: permission denied",
  15: "ENOTBLK: block device required",
  16: "EBUSY: device or resource busy",
  17: "EEXIST: file exists",
  18: "EXDEV: cross-device link not permitted",
  19: "ENODEV: no such device",
  20: "ENOTDIR: not a directory",
  21: "EISDIR: illegal operation on a directory",
  22: "EINVAL: invalid argument",
  23: "ENFILE: file table overflow",
  24: "EMFILE: too many open files",
  26: "ETXTBSY: text file is busy",
  27: "EFBIG: file too large",
  28: "ENOSPC: no space left on device",
  30: "EROFS: read-only file system",
  31: "EMLINK: too many links",
  32: "EPIPE: broken pipe",
  34: "ERANGE: numerical result out of range",
  36: "ENAMETOOLONG: name too long",
  37: "ENOLCK: no locks available",
  38: "ENOSYS: function not implemented",
  39: "ENOTEMPTY: directory not empty",
  40: "ELOOP: too many levels of symbolic links",
  61: "ENODATA: no data available",
  95: "EOPNOTSUPP: operation not supported",
  97: "EAFNOSUPPORT: address family not supported by protocol",
  98: "EADDRINUSE: address already in use",
  99: "EADDRNOTAVAIL: cannot assign requested address",
  100: "ENETDOWN: network is down",
  101: "ENETUNREACH: network is unreachable",
  105: "ENOBUFS: no buffer space available",
  116: "ESTALE: stale file handle",
  122: "EDQUOT: disk quota exceeded",
};

export function errnoName(code: number): string {
  return names[code] ?? `errno ${code}`;
}

/** A failed libc call, with `code` like node's ("EPERM") so that callers test it the same way. */
export class SystemError extends Error {
  readonly errno: number;
  readonly code: string;

  constructor(call: string, code: number) {
    super(`${call}: ${errnoName(code)}`);
    this.name = "SystemError";
    this.errno = code;
    this.code = errnoName(code).split(":")[0] ?? "";
  }
}

/** Returns `result`, or throws the SystemError of `call` when it is negative. */
export function checked(call: string, result: number): number {
  if (result < 0) throw new SystemError(call, errno());
  return result;
}
