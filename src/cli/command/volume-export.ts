import { exportVolume, findVolume, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { archiveToTerminal } from "../error.ts";
import { textFlag } from "../flag.ts";
import { isTerminal, out } from "../print.ts";
import { writeWhole } from "../whole-file.ts";

export const command: Command = {
  name: "volume export",
  usage: "[OPTIONS] VOLUME",
  summary: "Write a volume's files as a tar archive",
  mapped: "any",
  flags: [textFlag("output", "file", "Write to a file instead of standard output", "o")],
  examples: ["vial volume export data | gzip >data.tar.gz"],
  args: [1, 1],
  run(flags, [name = ""]) {
    const engine = openEngine();
    const file = flags.filled("output");
    findVolume(engine, name);
    if (file === undefined && isTerminal(1)) throw archiveToTerminal("volume export");
    const stream = exportVolume(engine, name);
    if (file === undefined || file === "-") for (const bytes of stream) out(bytes);
    else writeWhole(file, stream);
    return 0;
  },
};
