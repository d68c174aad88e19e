import { createReadStream } from "node:fs";
import { withRawTerminal, terminalSize } from "#host";
import { err, isTerminal, out } from "../print.ts";
import type { Wire } from "./connect.ts";
import type { RemoteEngine } from "./engine.ts";
import { readFrames } from "./frames.ts";
import type { HttpReply } from "./http.ts";

export interface JoinWish {
  /** Our input goes there. */
  readonly stdin: boolean;
  /** There is a terminal there: one raw stream. */
  readonly terminal: boolean;
  /** Where the size of our terminal is told: "/containers/ID/resize". */
  readonly resize: string;
}

/** Joins our streams to those of a program on another engine, until its outputs have ended. */
export async function joinStreams(
  engine: RemoteEngine,
  { reply, wire }: { readonly reply: HttpReply; readonly wire: Wire },
  { stdin, terminal, resize }: JoinWish,
): Promise<void> {
  const undo: (() => void)[] = [];
  const input = stdin ? createReadStream("", { fd: 0, autoClose: false }) : undefined;
  try {
    if (terminal && isTerminal(0)) {
      if (stdin) undo.push(withRawTerminal(0));
      undo.push(followSize(engine, resize));
    }
    if (input !== undefined) void sendInput(input, wire);
    if (terminal) for await (const bytes of reply.body) out(bytes);
    else
      for await (const { stream, bytes } of readFrames(reply.body)) {
        if (stream === 1) out(bytes);
        else err(bytes);
      }
  } finally {
    for (const step of undo.reverse()) step();
    input?.destroy();
    wire.close();
  }
}

async function sendInput(input: AsyncIterable<Uint8Array>, wire: Wire): Promise<void> {
  try {
    for await (const bytes of input) await wire.write(bytes);
    wire.end();
  } catch {
    // The program there has ended, or our input was closed with it: the outputs tell the rest.
  }
}

function followSize(engine: RemoteEngine, path: string): () => void {
  const tell = () => {
    const size = terminalSize(0);
    if (size === undefined) return;
    // Before the program has started the engine refuses; the next change tells it again.
    engine.ask("POST", path, { query: { h: size.rows, w: size.columns } }).catch(() => {});
  };
  tell();
  const again = setTimeout(tell, 100);
  process.on("SIGWINCH", tell);
  return () => {
    clearTimeout(again);
    process.off("SIGWINCH", tell);
  };
}
