import type { Command } from "../command.ts";
import { outLine } from "../print.ts";
import { currentContext } from "../remote/current.ts";

export const command: Command = {
  name: "context show",
  usage: "",
  summary: "Print the name of the engine that is spoken to",
  flags: [],
  args: [0, 0],
  run() {
    outLine(currentContext());
    return 0;
  },
};
