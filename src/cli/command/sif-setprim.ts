import { noTime, setPrimary } from "#sif";
import type { Command } from "../command.ts";
import { parseSifId, sifTimeFlag, sifTimeOf } from "../sif-words.ts";

export const command: Command = {
  name: "sif setprim",
  usage: "[OPTIONS] ID FILE",
  summary: "Make a system partition of a SIF file the primary one, which is what runs",
  flags: [sifTimeFlag],
  examples: ["vial sif setprim 2 image.sif"],
  args: [2, 2],
  run(flags, [id = "", path = ""]) {
    setPrimary(path, parseSifId("setprim", id), sifTimeOf(flags) ?? noTime);
    return 0;
  },
};
