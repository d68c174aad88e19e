import { programFailed } from "../error.ts";
import { needProgram, startProgram } from "../run.ts";

// mksquashfs(1) of squashfs-tools 4.4 or newer: a squashfs from a folder or a tar stream, the same bytes every time.
//
// From a tar it is as quick as from a folder (1.4 s and 1.4 to 1.8 s for 115 MB, zstd level 1, 2 cores), and it needs no root
// to keep owners. What the tar says of its root folder is ignored: that is root's, with the mode 0755. sqfstar is not used: that of 4.5.1 takes no -Xcompression-level, for it looks for the number at the wrong
// place ("missing compression level").

export type SquashfsCompression =
  /** zstd: levels 1 to 22, the program's own is 15. gzip: 1 to 9, its own is 9. */
  | { readonly kind: "zstd" | "gzip"; readonly level: number }
  | { readonly kind: "lz4"; readonly high: boolean }
  | { readonly kind: "xz" };

/**
 * What becomes of the files' own times. `kept`: they stay. `clamped`: those after `time` become it. `all`: each becomes it.
 * Python holds a compiled module for stale when the time of its source has changed, so that `all`, or a `time` before the
 * newest file, makes it compile every module at every start.
 */
export type FileTimes = "kept" | "clamped" | "all";

export interface SquashfsWish {
  readonly source:
    | {
        readonly kind: "folder";
        readonly path: string;
        readonly fileTimes: FileTimes;
        /** Every file belongs to root: an ordinary user has no files of others. */
        readonly allRoot: boolean;
      }
    /** The root folder of a tar has the time of the clock unless times are clamped (below). */
    | { readonly kind: "tar"; readonly fileTimes: Exclude<FileTimes, "kept"> };
  /** Made anew, or cut to nothing first. */
  readonly target: string;
  /** Bytes of the target before the file system, which come out as zeros. */
  readonly offset: number;
  readonly compression: SquashfsCompression;
  /** Seconds since 1970, below 2^32: the time of the file system. */
  readonly time: number;
  readonly processors?: number;
}

/**
 * The arguments. Times of the tar's root folder are beyond reach but by SOURCE_DATE_EPOCH and -all-time: -root-time does
 * nothing there in 4.5.1, and the root folder would have the time of the clock. Its mode would be 0777.
 */
export function mksquashfsArgs(wish: SquashfsWish): string[] {
  const { source, compression, time } = wish;
  return [
    ...(source.kind === "tar" ? ["-"] : [source.path]),
    wish.target,
    ...(source.kind === "tar" ? ["-tar", "-root-mode", "0755"] : []),
    "-noappend",
    "-no-recovery",
    "-no-progress",
    "-quiet",
    // The default, unless somebody built the program otherwise.
    "-reproducible",
    ...(wish.offset === 0 ? [] : ["-offset", String(wish.offset)]),
    "-comp",
    compression.kind,
    ...compressionArgs(compression),
    // With "clamped" it is the variable's matter: the program refuses the two together.
    ...(source.fileTimes === "clamped" ? [] : ["-mkfs-time", String(time)]),
    ...(source.fileTimes === "all" ? ["-all-time", String(time)] : []),
    ...(source.kind === "folder" && source.allRoot ? ["-all-root"] : []),
    ...(wish.processors === undefined ? [] : ["-processors", String(wish.processors)]),
  ];
}

function compressionArgs(compression: SquashfsCompression): string[] {
  switch (compression.kind) {
    case "zstd":
    case "gzip":
      return ["-Xcompression-level", String(compression.level)];
    case "lz4":
      return compression.high ? ["-Xhc"] : [];
    case "xz":
      return [];
    default:
      return compression satisfies never;
  }
}

/**
 * The program with its arguments. From a tar the root folder belongs to whoever runs the program (-root-uid does nothing
 * there in 4.5.1, and pseudo files are refused), so an ordinary user runs it as root of a user namespace with that one user.
 * The owners of all other files are the tar's, which are only numbers to it.
 */
export function mksquashfsCommand(wish: SquashfsWish, isRoot: boolean): string[] {
  const command = ["mksquashfs", ...mksquashfsArgs(wish)];
  return wish.source.kind === "tar" && !isRoot ? ["unshare", "--map-root-user", "--", ...command] : command;
}

/** The environment: SOURCE_DATE_EPOCH sets the time of the file system and clamps those of the files. */
export function mksquashfsEnv(wish: SquashfsWish, env: NodeJS.ProcessEnv): Record<string, string> {
  const { SOURCE_DATE_EPOCH: _, ...others } = env as Record<string, string>;
  return wish.source.fileTimes === "clamped" ? { ...others, SOURCE_DATE_EPOCH: String(wish.time) } : others;
}

/**
 * Runs it. With a tar source, `tar` is the stream or an open descriptor of it. A program that fails leaves no target.
 * Throws program-missing, program-failed.
 */
export async function mksquashfs(
  wish: SquashfsWish,
  tar?: number | AsyncIterable<Uint8Array>,
): Promise<void> {
  const isStream = tar !== undefined && typeof tar !== "number";
  // unshare(1) would report that its own child is not there.
  needProgram("mksquashfs");
  const child = startProgram(mksquashfsCommand(wish, process.getuid?.() === 0), {
    stdin: isStream ? "pipe" : (tar ?? "ignore"),
    stdout: "ignore",
    stderr: "pipe",
    env: mksquashfsEnv(wish, process.env),
  });
  const said = new Response(child.stderr as ReadableStream<Uint8Array>).text();
  let cause: unknown;
  try {
    if (isStream) await feed(child.stdin as Bun.FileSink, tar);
  } catch (error) {
    cause = error;
    // Without its end the archive is damaged, and must not become a file system that looks whole.
    child.kill("SIGKILL");
  }
  const [exitCode, stderr] = await Promise.all([child.exited, said]);
  // A pipe that broke because the program failed is told by the program.
  if (cause !== undefined && (cause as NodeJS.ErrnoException).code !== "EPIPE") throw cause;
  const signal = child.signalCode === null ? undefined : String(child.signalCode);
  if (exitCode !== 0 || cause !== undefined)
    throw programFailed("pack the file system", "mksquashfs", { exitCode, signal, stderr });
}

async function feed(input: Bun.FileSink, tar: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const bytes of tar) {
    await input.write(bytes);
    // Waits until the program has taken it: else a large image would gather in memory.
    await input.flush();
  }
  await input.end();
}
