import { programFailed } from "../error.ts";
import { run, runSync } from "../run.ts";

// unsquashfs(1) of squashfs-tools 4.5 or newer: the files of a squashfs, which may lie inside of another file.

export interface UnsquashfsWish {
  readonly path: string;
  /** Bytes before the file system. */
  readonly offset: number;
  /** An existing folder; files that are there are replaced. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/** The arguments. What cannot be made is an error: a root file system with something missing is none. */
export function unsquashfsArgs(wish: UnsquashfsWish): readonly string[] {
  const offset = wish.offset === 0 ? [] : ["-offset", String(wish.offset)];
  return ["-no-progress", "-quiet", "-strict-errors", "-force", ...offset, "-dest", wish.target, wish.path];
}

/** Unpacks all files, with owners, times and extended attributes. Throws program-missing, program-failed. */
export async function unsquashfs(wish: UnsquashfsWish): Promise<void> {
  const result = await run("unsquashfs", unsquashfsArgs(wish), {
    signal: wish.signal,
    // It tells of every file that it cannot make.
    keepOutput: 16_384,
  });
  if (result.exitCode !== 0) throw programFailed("unpack the squashfs", "unsquashfs", result);
}

/**
 * Unpacks what an ordinary user can have: every file is his, and devices are left out. Waits. Throws program-missing,
 * program-failed.
 */
export function unpackSquashfs(wish: Omit<UnsquashfsWish, "signal">): void {
  const offset = wish.offset === 0 ? [] : ["-offset", String(wish.offset)];
  const args = ["-no-progress", "-quiet", "-no-xattrs", "-force", ...offset, "-dest", wish.target, wish.path];
  const result = runSync("unsquashfs", args, { keepOutput: 16_384 });
  // 2: something could not be made, such as a device. 1: it is no squashfs, or the disk is full.
  if (result.exitCode !== 0 && result.exitCode !== 2)
    throw programFailed("unpack the squashfs", "unsquashfs", result);
}
