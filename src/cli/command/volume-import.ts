import { importVolume, openEngine } from "#engine";
import { readDescriptor, readPath } from "#image";
import type { Command } from "../command.ts";
import { archiveFromTerminal } from "../error.ts";
import { errLine, isTerminal, outLine } from "../print.ts";
import { checkReadable } from "../readable.ts";

export const command: Command = {
  name: "volume import",
  usage: "VOLUME [FILE|-]",
  summary: "Put the files of a tar archive into a volume",
  mapped: "any",
  flags: [],
  examples: ["vial volume import data data.tar.gz"],
  args: [1, 2],
  async run(_flags, [name = "", file = "-"]) {
    if (file === "-" && isTerminal(0)) throw archiveFromTerminal("volume import", "FILE");
    if (file !== "-") checkReadable("FILE", file);
    const source = file === "-" ? readDescriptor(0) : readPath(file);
    const { skipped } = await importVolume(openEngine(), name, source);
    for (const path of skipped) errLine(`vial: warning: the device "${path}" was left out`);
    outLine(name);
    return 0;
  },
};
