import { programFailed } from "../error.ts";
import { type RunResult, run, runSync } from "../run.ts";

// unsquashfs(1) of squashfs-tools 4.5 or newer: the files of a squashfs, which may lie inside of another file.

export interface UnsquashfsWish {
  /** An open descriptor of the file. */
  readonly file: number;
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

export function unsquashfsArgs({ offset, target, files }: UnsquashfsWish): readonly string[] {
  return [
    ...["-no-progress", "-quiet", "-force", files === "all" ? "-strict-errors" : "-no-xattrs"],
    ...offsetArgs({ offset }),
    // What was looked at is what is unpacked, whatever lies at its path by now.
    ...["-dest", target, "/proc/self/fd/3"],
  ];
}

/** Unpacks all files. Throws program-missing, program-failed. */
export async function unsquashfs(wish: UnsquashfsWish, signal: AbortSignal): Promise<void> {
  check(
    wish,
    await run("unsquashfs", unsquashfsArgs(wish), { signal, keepOutput, descriptors: [wish.file] }),
  );
}

/** As unsquashfs(), for a start that has nothing else to do: it waits. */
export function unsquashfsSync(wish: UnsquashfsWish): void {
  check(wish, runSync("unsquashfs", unsquashfsArgs(wish), { descriptors: [wish.file] }));
}

function check({ files }: UnsquashfsWish, result: RunResult): void {
  // 2: something could not be made, such as a device. 1: it is no squashfs, or the disk is full.
  if (result.exitCode === 0 || (files === "mine" && result.exitCode === 2)) return;
  throw programFailed("unpack the squashfs", "unsquashfs", result);
}

export interface SquashfsPlace {
  readonly path: string;
  /** Bytes before the file system. */
  readonly offset: number;
}

export interface SquashfsEntry {
  /** Absolute. */
  readonly path: string;
  /** Bytes; of a link, those of its text. */
  readonly size: number;
}

/** Bytes of a list of files. */
const maxList = 16 << 20;
/** Milliseconds for a look into an image, which may be anybody's. */
const lookTimeout = 30_000;

/** The files and links below some folders of a squashfs. Throws program-missing, program-failed. */
export function listSquashfs(
  place: SquashfsPlace & { readonly names: readonly string[] },
): readonly SquashfsEntry[] {
  const args = ["-no-wildcards", "-lln", ...offsetArgs(place), place.path, ...place.names];
  const result = runSync("unsquashfs", args, { timeout: lookTimeout, maxBuffer: maxList });
  if (result.exitCode !== 0) throw programFailed("look into the squashfs", "unsquashfs", result);
  return parseSquashfsList(result.stdout);
}

/**
 * Parses what `unsquashfs -lln` prints. A name with a line feed in it is cut, or gives a line of its own: no more than a
 * path of the same image that may not be there.
 */
export function parseSquashfsList(text: string): readonly SquashfsEntry[] {
  const line = /^([-l])\S{9}\s+\d+\/\d+\s+(\d+)\s+\S+\s+\S+\s+squashfs-root(\/.*)$/;
  return text.split("\n").flatMap((entry) => {
    const [, type, size, path = ""] = line.exec(entry) ?? [];
    if (type === undefined) return [];
    return [{ path: type === "l" ? path.replace(/ -> .*$/, "") : path, size: Number(size) }];
  });
}

/** A file of a squashfs; undefined for one that is not there, is no file, or is longer. Links stay inside of it. */
export function readSquashfsFile(
  place: SquashfsPlace & { readonly file: string; readonly maxBytes: number },
): string | undefined {
  const args = ["-cat", ...offsetArgs(place), place.path, place.file.replace(/^\//, "")];
  const { exitCode, stdout } = runSync("unsquashfs", args, {
    timeout: lookTimeout,
    maxBuffer: place.maxBytes,
  });
  return exitCode === 0 && Buffer.byteLength(stdout) <= place.maxBytes ? stdout : undefined;
}

function offsetArgs({ offset }: Pick<SquashfsPlace, "offset">): readonly string[] {
  return offset === 0 ? [] : ["-offset", String(offset)];
}
