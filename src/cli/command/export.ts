import { exportContainer, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { exportToTerminal } from "../error.ts";
import { textFlag } from "../flag.ts";
import { isTerminal, out } from "../print.ts";
import { writeWhole } from "../whole-file.ts";

export const command: Command = {
  name: "export",
  usage: "[OPTIONS] CONTAINER",
  summary: "Write a container's files as a tar archive",
  mapped: "range",
  meets: (_flags, [name]) => name,
  flags: [textFlag("output", "file", "Write to a file instead of standard output", "o")],
  args: [1, 1],
  run(flags, [name = ""]) {
    const file = flags.text("output");
    const stream = exportContainer(openEngine(), name);
    if (file === undefined) {
      if (isTerminal(1)) throw exportToTerminal(name);
      for (const bytes of stream) out(bytes);
      return 0;
    }
    writeWhole(file, stream);
    return 0;
  },
};
