import { performBuild } from "#engine";
import type { Command } from "../command.ts";
import { withInterrupt } from "../interrupt.ts";

/** A build of the API, in a process of its own. */
export const command: Command = {
  name: "internal-build",
  usage: "ROOT RUN",
  summary: "Carry out the build on standard input",
  mapped: "any",
  flags: [],
  args: [2, 2],
  run: (_flags, [root = "", run = ""]) => withInterrupt((signal) => performBuild({ root, run }, signal)),
};
