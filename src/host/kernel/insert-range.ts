import { moreOfLibc } from "./libc.ts";

const FALLOC_FL_INSERT_RANGE = 0x20;

/**
 * Shifts all of an open file back by `bytes`, without copying them: a hole comes before it (fallocate(2)). False where the
 * file system cannot (ext4 and XFS can, by whole blocks), and then nothing has changed.
 */
export function insertRange(fd: number, bytes: number): boolean {
  return moreOfLibc().fallocate(fd, FALLOC_FL_INSERT_RANGE, 0n, BigInt(bytes)) === 0;
}
