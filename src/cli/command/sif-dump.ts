import { openSif } from "#sif";
import type { Command } from "../command.ts";
import { out } from "../print.ts";
import { parseSifId } from "../sif-words.ts";

export const command: Command = {
  name: "sif dump",
  usage: "ID FILE",
  summary: "Write the data of an object of a SIF file to standard output",
  flags: [],
  examples: ["vial sif dump 1 image.sif", "vial sif dump 3 image.sif > root.squashfs"],
  args: [2, 2],
  run(_flags, [id = "", path = ""]) {
    const wanted = parseSifId("dump", id);
    using file = openSif(path);
    for (const bytes of file.read(file.object(wanted))) out(bytes);
    return 0;
  },
};
