import type { Duplex } from "node:stream";
import { type Joined, KeySequence, type TakeOutput } from "#engine";
import { frame } from "./frame.ts";

/** Output to a client: in frames, or as it is for a terminal. Nothing is kept for one that reads slowly. */
export function outputTo(socket: Duplex, terminal: boolean): TakeOutput {
  return (stream, bytes) => {
    if (socket.destroyed || socket.writableEnded) return undefined;
    return socket.write(terminal ? bytes : frame(stream, bytes)) ? undefined : drained(socket);
  };
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

export interface InputOptions {
  /** Whether what the client sends is the program's input; otherwise it is read and dropped. */
  readonly stdin: boolean;
  /** Keys that end the joining, as bytes; undefined: none. */
  readonly detachKeys: Uint8Array | undefined;
  /** What the end of the client's input does: ends the program's, or the joining. */
  readonly atEnd: "finish-input" | "leave";
}

/** Passes a client's input on, and resolves when the joining has ended: by the program, the client, or its detach keys. */
export async function relayInput(
  socket: Duplex,
  joined: Joined,
  options: InputOptions,
): Promise<"ended" | "detached"> {
  const keys = options.detachKeys === undefined ? undefined : new KeySequence(options.detachKeys);
  let isDetached = false;
  const leave = () => joined.leave();
  const take = async (bytes: Buffer): Promise<void> => {
    if (!options.stdin) return;
    socket.pause();
    const seen = keys?.feed(bytes);
    await joined.write(seen?.pass ?? bytes);
    if (seen?.complete) {
      isDetached = true;
      leave();
    }
    socket.resume();
  };
  // One after the other: the end comes after what was sent before it.
  let turn = Promise.resolve();
  socket.on("data", (bytes: Buffer) => {
    turn = turn.then(() => take(bytes));
  });
  socket.once("end", () => {
    if (!options.stdin) return;
    turn = turn.then(() => (options.atEnd === "leave" ? leave() : joined.finishInput()));
  });
  socket.once("close", leave).once("error", leave);
  socket.resume();
  await joined.ended;
  socket.off("close", leave).off("error", leave);
  return isDetached ? "detached" : "ended";
}
