import { openSif } from "#sif";
import type { Command } from "../command.ts";
import { out } from "../print.ts";
import { printSifObject, sifObjectJson } from "../sif-text.ts";
import { parseSifId, sifJsonFlag } from "../sif-words.ts";

export const command: Command = {
  name: "sif info",
  usage: "[OPTIONS] ID FILE",
  summary: "Show everything about an object of a SIF file",
  flags: [sifJsonFlag],
  examples: ["vial sif info 1 image.sif", "vial sif info --json 1 image.sif"],
  args: [2, 2],
  run(flags, [id = "", path = ""]) {
    const wanted = parseSifId("info", id);
    using file = openSif(path);
    const object = file.object(wanted);
    out(flags.bool("json") ? sifObjectJson(object) : printSifObject(object));
    return 0;
  },
};
