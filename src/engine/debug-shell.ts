import type { DebugShell } from "#build";
import { runOnTerminal } from "./build-program.ts";
import type { Engine } from "./engine-handle.ts";

/** How `--debug-shell` speaks with the person. */
export interface ShellDialog {
  /** Takes the terminal for the shell; dispose gives it back to the view of the build. */
  begin(failed: Parameters<DebugShell>[1] & { readonly args: readonly string[] }): Disposable;
  /** The shell could not be started. */
  refused(shell: string, why: string): void;
  /** After the shell: true to try again. */
  askRetry(): boolean;
}

/** Opens shells one after the other: stages are built side by side, and there is one terminal. */
export function debugShell(
  engine: Engine,
  dialog: ShellDialog | undefined,
  signal: AbortSignal,
): DebugShell | undefined {
  if (dialog === undefined) return undefined;
  let before: Promise<unknown> = Promise.resolve();
  let gaveUp = false;
  return async (program, failed) => {
    const answer = before.then(async () => {
      // The build has failed already: nobody would look at a second shell.
      if (gaveUp || signal.aborted) return "give up";
      using _terminal = dialog.begin({ ...failed, args: program.args });
      const shells = [...new Set([failed.shell, "/bin/sh"])];
      for (const shell of shells) {
        const { failure } = await runOnTerminal(engine, { ...program, args: [shell] }, signal);
        if (failure === undefined) break;
        dialog.refused(shell, failure);
      }
      gaveUp = signal.aborted || !dialog.askRetry();
      return gaveUp ? "give up" : "retry";
    });
    before = answer.catch(() => {});
    return await answer;
  };
}
