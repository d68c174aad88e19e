import type { TerminalProgram } from "#host";
import type { RunningExec } from "./piped-exec.ts";
import type { TakeOutput } from "./streams.ts";

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** Joins the streams of a program that has a terminal of its own. */
export function joinTerminal(
  start: (output: (bytes: Uint8Array) => void) => TerminalProgram,
  take: TakeOutput | undefined,
): RunningExec & { readonly resize: (size: TerminalSize) => void } {
  const left = Promise.withResolvers<void>();
  let current = take;
  let held = 0;
  let isOver = false;
  const program: TerminalProgram = start((bytes) => {
    const room = current?.(1, Buffer.from(bytes));
    if (room === undefined) return;
    if (held++ === 0) program.pause();
    void room.then(() => {
      if (--held === 0) program.resume();
    });
  });
  void program.exited.then(() => {
    isOver = true;
  });
  return {
    pid: program.pid,
    exited: program.exited,
    ended: Promise.race([left.promise, program.exited.then(() => {})]),
    write: async (bytes) => {
      if (!isOver) program.type(bytes);
      return !isOver;
    },
    // A terminal has no end of its input: Docker ends the joining, and the program goes on.
    finishInput: async () => {},
    leave: () => {
      current = undefined;
      left.resolve();
    },
    resize: ({ rows, columns }) => {
      if (!isOver) program.resize(rows, columns);
    },
  };
}
