import { openSif } from "#sif";
import type { Command } from "../command.ts";
import { out } from "../print.ts";
import { printSifList, sifListJson } from "../sif-text.ts";
import { sifJsonFlag } from "../sif-words.ts";

export const command: Command = {
  name: "sif list",
  usage: "[OPTIONS] FILE",
  summary: "Show the objects of a SIF file",
  flags: [sifJsonFlag],
  examples: ["vial sif list image.sif", "vial sif list --json image.sif"],
  args: [1, 1],
  run(flags, [path = ""]) {
    using file = openSif(path);
    out(flags.bool("json") ? sifListJson(file) : printSifList(file));
    return 0;
  },
};
