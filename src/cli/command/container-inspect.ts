import type { Command } from "../command.ts";
import { boolFlag, inspectFormatFlag } from "../flag.ts";
import { inspect } from "./inspect.ts";

export const command: Command = {
  name: "container inspect",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Show containers in full",
  flags: [inspectFormatFlag, boolFlag("size", "Add the sizes of containers", "s")],
  args: [1, Number.POSITIVE_INFINITY],
  run: (flags, names) => inspect(flags, names, "container"),
};
