import { programFailed } from "../error.ts";
import { needProgram, startProgram } from "../run.ts";

// sqfs2tar(1) of squashfs-tools-ng: the files of a squashfs as a tar stream, sorted, the same bytes every time, without
// a file on the disk.

/** With the root folder as a member of its own; without it the program leaves its owner and mode out. */
export function sqfs2tarArgs(path: string): string[] {
  return ["--root-becomes", ".", "--no-skip", path];
}

/** The tar, in pieces. A squashfs that cannot be read ends it with an error: program-missing, program-failed. */
export async function* sqfs2tar(path: string): AsyncGenerator<Uint8Array, void> {
  needProgram("sqfs2tar");
  const child = startProgram(["sqfs2tar", ...sqfs2tarArgs(path)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
  });
  const said = new Response(child.stderr as ReadableStream<Uint8Array>).text();
  try {
    yield* child.stdout as ReadableStream<Uint8Array>;
    const [exitCode, stderr] = await Promise.all([child.exited, said]);
    const signal = child.signalCode === null ? undefined : String(child.signalCode);
    if (exitCode !== 0) throw programFailed("read the file system", "sqfs2tar", { exitCode, signal, stderr });
  } finally {
    // Whoever takes the pieces may stop early.
    child.kill("SIGKILL");
    await child.exited;
  }
}
