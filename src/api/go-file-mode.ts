import { constants } from "node:fs";

// Go's os.FileMode, as the clients of Docker's archive paths read it: nine bits of permissions, and high bits of its own.

// Pairs, and no object: biome 2.6 rewrites an octal key to another number.
const types: ReadonlyMap<number, number> = new Map([
  [constants.S_IFDIR, 2 ** 31],
  [constants.S_IFLNK, 2 ** 27],
  [constants.S_IFBLK, 2 ** 26],
  [constants.S_IFIFO, 2 ** 25],
  [constants.S_IFSOCK, 2 ** 24],
  [constants.S_IFCHR, 2 ** 26 + 2 ** 21],
]);

/** Of the kernel's st_mode (inode(7)). */
export function goFileMode(mode: number): number {
  return (
    (mode & 0o777) +
    (types.get(mode & constants.S_IFMT) ?? 0) +
    ((mode & 0o4000) === 0 ? 0 : 2 ** 23) +
    ((mode & 0o2000) === 0 ? 0 : 2 ** 22) +
    ((mode & 0o1000) === 0 ? 0 : 2 ** 20)
  );
}
