import type { ShellDialog } from "#engine";
import { quoteWord, showControls } from "#kit";
import { ask } from "./ask.ts";
import type { BuildProgress } from "./build-progress.ts";
import { debugShellWithoutTerminal } from "./error.ts";
import { err, isTerminal } from "./print.ts";

/** What `vial build --debug-shell` says before and after the shell. Refused where there is no terminal. */
export function openShellDialog(progress: BuildProgress): ShellDialog {
  const missing = [0, 1].find((fd) => !isTerminal(fd));
  if (missing !== undefined) throw debugShellWithoutTerminal(missing === 0 ? "input" : "output");
  return {
    begin({ title, where, why, args }) {
      const pause = progress.pause();
      const place = where === undefined ? "" : ` (${where.file}:${where.from})`;
      err(`\nFailed: ${showControls(title)}${place}: ${why}\n`);
      err("This shell is in the state right before it. What you change here is forgotten.\n");
      err(`The step itself: ${showControls(args.map(quoteWord).join(" "))}\n\n`);
      return pause;
    },
    refused: (shell, why) => err(`vial: warning: ${shell} does not start: ${why}\n`),
    askRetry: () => ask("\nr: run the step again; anything else: give up > ") === "r",
  };
}
