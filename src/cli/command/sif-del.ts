import { noTime, removeObject } from "#sif";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { parseSifId, sifTimeFlag, sifTimeOf } from "../sif-words.ts";

export const command: Command = {
  name: "sif del",
  usage: "[OPTIONS] ID FILE",
  summary: "Remove an object from a SIF file",
  flags: [
    boolFlag("compact", "Cut the file behind the last object that is left"),
    sifTimeFlag,
    boolFlag("zero", "Overwrite the data of the object with zeros"),
  ],
  examples: ["vial sif del 3 image.sif", "vial sif del --zero --compact 3 image.sif"],
  args: [2, 2],
  run(flags, [id = "", path = ""]) {
    removeObject(path, parseSifId("del", id), {
      zero: flags.bool("zero"),
      compact: flags.bool("compact"),
      time: sifTimeOf(flags) ?? noTime,
    });
    return 0;
  },
};
