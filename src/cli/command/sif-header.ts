import { openSif } from "#sif";
import type { Command } from "../command.ts";
import { out } from "../print.ts";
import { printSifHeader, sifHeaderJson } from "../sif-text.ts";
import { sifJsonFlag } from "../sif-words.ts";

export const command: Command = {
  name: "sif header",
  usage: "[OPTIONS] FILE",
  summary: "Show the header of a SIF file",
  flags: [sifJsonFlag],
  examples: ["vial sif header image.sif", "vial sif header --json image.sif"],
  args: [1, 1],
  run(flags, [path = ""]) {
    using file = openSif(path);
    out(flags.bool("json") ? sifHeaderJson(file) : printSifHeader(file));
    return 0;
  },
};
