import type { Command } from "../../command.ts";
import { boolFlag } from "../../flag.ts";
import { out } from "../../print.ts";
import { printCompletion, shells } from "../completion.ts";
import { shellWithoutCompletion } from "../error.ts";

// `apptainer completion SHELL`.

export const command: Command = {
  name: "completion",
  usage: "SHELL",
  summary: "Print the completion for a shell",
  flags: [boolFlag("no-descriptions", "Without descriptions")],
  examples: ["apptainer completion bash > /etc/bash_completion.d/apptainer"],
  args: [1, 1],
  run(flags, [wanted = ""]) {
    const shell = shells.find((name) => name === wanted);
    if (shell === undefined) throw shellWithoutCompletion(wanted);
    out(printCompletion(shell, !flags.bool("no-descriptions")));
    return 0;
  },
};
