import { checked, cString, moreOfLibc, pointer } from "./libc.ts";

// What node:fs cannot do to an inode: devices, and times to the nanosecond. Paths are bytes.

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** mknod(2); `mode` with the type. Throws SystemError. */
export function makeNode(path: Uint8Array, mode: number, major: number, minor: number): void {
  const name = cString(path);
  // As makedev(3), for the sizes that Linux has: 12 and 20 bits.
  const device = BigInt((minor & 0xff) + major * 256 + (minor >> 8) * 2 ** 20);
  checked("mknod", moreOfLibc().mknodat(AT_FDCWD, pointer(name), mode, device));
}

/** Sets the time of the last change (and of the last reading) of the inode itself, never of what a link leads to. */
export function setTimes(path: Uint8Array, seconds: number, nanoseconds: number): void {
  const name = cString(path);
  const [s, n] = [BigInt(seconds), BigInt(nanoseconds)];
  const times = new BigInt64Array([s, n, s, n]);
  checked("utimensat", moreOfLibc().utimensat(AT_FDCWD, pointer(name), pointer(times), AT_SYMLINK_NOFOLLOW));
}
