/** A program in a pseudo terminal of its own. */
export interface TerminalProgram {
  readonly pid: number;
  /** Its exit code, 128 and the signal's number for one that was killed; when its output has all been handed over. */
  readonly exited: Promise<number>;
  type(bytes: Uint8Array): void;
  resize(rows: number, columns: number): void;
  /** Holds the program up at its next output, until resume(). */
  pause(): void;
  resume(): void;
}

/** Starts a program in a new pseudo terminal. */
export function startUnderTerminal(
  command: readonly [program: string, ...args: string[]],
  size: { readonly rows: number; readonly columns: number },
  take: (bytes: Uint8Array) => void,
): TerminalProgram {
  const closed = Promise.withResolvers<void>();
  const child = Bun.spawn([...command], {
    terminal: {
      cols: size.columns,
      rows: size.rows,
      data: (_terminal, bytes) => take(bytes),
      exit: () => closed.resolve(),
    },
  });
  const exited = async () => {
    const code = await child.exited;
    await closed.promise;
    return child.signalCode === null ? code : 128 + code;
  };
  return {
    pid: child.pid,
    exited: exited(),
    type: (bytes) => void child.terminal?.write(bytes),
    resize: (rows, columns) => child.terminal?.resize(columns, rows),
    // Bun reads a terminal as fast as it can. What stands between it and the program can be stopped.
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
  };
}

/**
 * Runs a program in a new pseudo terminal that nobody types into, and gives its exit code when its output has all been
 * handed over.
 */
export async function runUnderTerminal(
  command: readonly [program: string, ...args: string[]],
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  return await startUnderTerminal(command, { rows: 24, columns: 80 }, take).exited;
}
