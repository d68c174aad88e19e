import { startProgram } from "#host";
import type { Engine } from "../engine-handle.ts";
import { childCallFailed } from "../error.ts";
import { ownProgram } from "./exit-command.ts";
import { findContainer } from "./folder.ts";

/**
 * exportContainer() by a process of its own, whose output comes as it is made. `signal` ends it. What goes wrong after the
 * first byte is thrown at the end.
 */
export async function* exportApart(
  engine: Engine,
  name: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { id } = findContainer(engine, name);
  const child = startProgram([...ownProgram(), "internal-export", engine.place.root, engine.place.run, id], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill);
  try {
    const said = new Response(child.stderr as ReadableStream<Uint8Array>).text();
    yield* child.stdout as unknown as AsyncIterable<Uint8Array>;
    const code = await child.exited;
    if (code !== 0) throw childCallFailed("internal-export", code, (await said).trim());
  } finally {
    signal.removeEventListener("abort", kill);
    kill();
  }
}
