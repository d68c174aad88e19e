import { statfsSync } from "node:fs";

/** How much room a file system has: statfs(2), as far as an ordinary user may use it. */
export interface FreeSpace {
  readonly bytes: number;
  readonly totalBytes: number;
  readonly files: number;
  /** 0 where the file system has no fixed number. */
  readonly totalFiles: number;
}

/** The room on the file system of a path. */
export function freeSpace(path: string): FreeSpace {
  const { bavail, bsize, blocks, ffree, files } = statfsSync(path);
  return { bytes: bavail * bsize, totalBytes: blocks * bsize, files: ffree, totalFiles: files };
}
