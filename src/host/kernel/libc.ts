import { dlopen, type FFIFunction, ptr, read } from "bun:ffi";

// The one place that binds libc. Opened on first use, because opening costs 0.4 ms of every start.
// Flags and structures are those of Linux on 64-bit little-endian machines.

const declarations = {
  mount: { args: ["ptr", "ptr", "ptr", "u64", "ptr"], returns: "i32" },
  umount2: { args: ["ptr", "i32"], returns: "i32" },
  unshare: { args: ["i32"], returns: "i32" },
  setns: { args: ["i32", "i32"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  chroot: { args: ["ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  mknodat: { args: ["i32", "ptr", "u32", "u64"], returns: "i32" },
  utimensat: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  mkfifo: { args: ["ptr", "u32"], returns: "i32" },
  umask: { args: ["u32"], returns: "u32" },
  lsetxattr: { args: ["ptr", "ptr", "ptr", "u64", "i32"], returns: "i32" },
  lgetxattr: { args: ["ptr", "ptr", "ptr", "u64"], returns: "i64" },
  llistxattr: { args: ["ptr", "ptr", "u64"], returns: "i64" },
  fsopen: { args: ["ptr", "u32"], returns: "i32" },
  fsconfig: { args: ["i32", "u32", "ptr", "ptr", "i32"], returns: "i32" },
  fsmount: { args: ["i32", "u32", "u32"], returns: "i32" },
  open_tree: { args: ["i32", "ptr", "u32"], returns: "i32" },
  move_mount: { args: ["i32", "ptr", "i32", "ptr", "u32"], returns: "i32" },
  syscall: { args: ["i64", "u64", "u64", "u64", "u64", "u64"], returns: "i64" },
  kill: { args: ["i32", "i32"], returns: "i32" },
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  dup2: { args: ["i32", "i32"], returns: "i32" },
  memfd_create: { args: ["ptr", "u32"], returns: "i32" },
  signal: { args: ["i32", "u64"], returns: "u64" },
  tcgetattr: { args: ["i32", "ptr"], returns: "i32" },
  tcsetattr: { args: ["i32", "i32", "ptr"], returns: "i32" },
  isatty: { args: ["i32"], returns: "i32" },
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "u64"], returns: "i32" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  poll: { args: ["ptr", "u64", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: "i64" },
  write: { args: ["i32", "ptr", "u64"], returns: "i64" },
  pipe2: { args: ["ptr", "i32"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  cfmakeraw: { args: ["ptr"], returns: "void" },
  __errno_location: { args: [], returns: "ptr" },
} as const satisfies Record<string, FFIFunction>;

type Libc = ReturnType<typeof dlopen<typeof declarations>>["symbols"];

let opened: Libc | undefined;

export function libc(): Libc {
  opened ??= dlopen("libc.so.6", declarations).symbols;
  return opened;
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
  9: "EBADF: bad file descriptor",
  11: "EAGAIN: resource temporarily unavailable",
  12: "ENOMEM: cannot allocate memory",
  13: "EACCES: permission denied",
  15: "ENOTBLK: block device required",
  16: "EBUSY: device or resource busy",
  17: "EEXIST: file exists",
  19: "ENODEV: no such device",
  20: "ENOTDIR: not a directory",
  22: "EINVAL: invalid argument",
  28: "ENOSPC: no space left on device",
  30: "EROFS: read-only file system",
  37: "ENOLCK: no locks available",
  38: "ENOSYS: function not implemented",
  40: "ELOOP: too many levels of symbolic links",
  61: "ENODATA: no data available",
  95: "EOPNOTSUPP: operation not supported",
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
