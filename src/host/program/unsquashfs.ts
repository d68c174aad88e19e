import { programFailed } from "../error.ts";
import { type RunResult, run, runSync } from "../run.ts";

// unsquashfs(1) of squashfs-tools 4.5 or newer: the files of a squashfs, which may lie inside of another file.

export interface UnsquashfsWish {
  readonly path: string;
  /** Bytes before the file system. */
  readonly offset: number;
  /** Files that are there are replaced. */
  readonly target: string;
  /**
   * `all`: with owners, devices and extended attributes, and what cannot be made is an error: a root file system with
   * something missing is none. `mine`: what an ordinary user can have.
   */
  readonly files: "all" | "mine";
}

/** It tells of every file that it cannot make. */
const keepOutput = 16_384;

export function unsquashfsArgs({ path, offset, target, files }: UnsquashfsWish): readonly string[] {
  return [
    ...["-no-progress", "-quiet", "-force", files === "all" ? "-strict-errors" : "-no-xattrs"],
    ...(offset === 0 ? [] : ["-offset", String(offset)]),
    ...["-dest", target, path],
  ];
}

/** Unpacks all files. Throws program-missing, program-failed. */
export async function unsquashfs(wish: UnsquashfsWish, signal: AbortSignal): Promise<void> {
  check(wish, await run("unsquashfs", unsquashfsArgs(wish), { signal, keepOutput }));
}

/** As unsquashfs(), for a start that has nothing else to do: it waits. */
export function unsquashfsSync(wish: UnsquashfsWish): void {
  check(wish, runSync("unsquashfs", unsquashfsArgs(wish)));
}

function check({ files }: UnsquashfsWish, result: RunResult): void {
  // 2: something could not be made, such as a device. 1: it is no squashfs, or the disk is full.
  if (result.exitCode === 0 || (files === "mine" && result.exitCode === 2)) return;
  throw programFailed("unpack the squashfs", "unsquashfs", result);
}
