import type { Command } from "../../command.ts";
import { outLine } from "../../print.ts";
import { personaVersion } from "../version.ts";

export const command: Command = {
  name: "version",
  usage: "",
  summary: "Show the version",
  flags: [],
  args: [0, 0],
  run() {
    outLine(personaVersion);
    return 0;
  },
};
