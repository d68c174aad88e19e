import { createSif, nilId, noTime } from "#sif";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { sifTimeFlag, sifTimeOf } from "../sif-words.ts";

export const command: Command = {
  name: "sif new",
  usage: "[OPTIONS] FILE",
  summary: "Make a SIF file without objects",
  flags: [
    textFlag("capacity", "number", "How many objects the file can ever hold (default 48)"),
    boolFlag("force", "Overwrite a file that is there"),
    textFlag("id", "uuid", "The id of the image (default: none, so that the bytes are the same\nevery time)"),
    textFlag("launch", "line", "The first line, by which the kernel starts the file: at most 30 bytes"),
    sifTimeFlag,
  ],
  examples: ["vial sif new image.sif", "vial sif new --launch '#!/usr/bin/env run-singularity' image.sif"],
  args: [1, 1],
  async run(flags, [path = ""]) {
    const launch = flags.filled("launch");
    const capacity = flags.filled("capacity");
    if (capacity !== undefined && !/^\d{1,9}$/.test(capacity))
      throw flagValueInvalid("--capacity", capacity, "a number of objects");
    await createSif(path, {
      // The kernel reads a line: without its end it takes the next bytes of the header for more of it.
      launch: launch === undefined ? "" : `${launch.replace(/\n$/, "")}\n`,
      id: flags.filled("id")?.toLowerCase() ?? nilId,
      time: sifTimeOf(flags) ?? noTime,
      ...(capacity === undefined ? {} : { capacity: Number(capacity) }),
      objects: [],
      force: flags.bool("force"),
    });
    return 0;
  },
};
