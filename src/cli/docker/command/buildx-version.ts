import type { Command } from "../../command.ts";
import { outLine } from "../../print.ts";
import { version } from "../../version.ts";

export const command: Command = {
  name: "buildx version",
  usage: "",
  summary: "Show by what is built",
  flags: [],
  args: [0, 0],
  run() {
    outLine(`vial ${version}`);
    return 0;
  },
};
