import { parseSource, parseTarget } from "#engine";
import type { Command } from "../command.ts";
import { convertShowing, fileFlags, printPushed, readFileWish } from "../convert-wish.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "convert",
  usage: "[OPTIONS] FROM TO",
  summary: "Make a SIF file, an archive, a layout or a folder of an image, or the other way",
  flags: [
    ...fileFlags,
    textFlag("platform", "os/arch", "Take the image for this platform"),
    boolFlag("quiet", "Print nothing but what goes wrong", "q"),
  ],
  args: [2, 2],
  examples: [
    "vial convert debian:12 debian.sif",
    "vial convert image.sif oci:layout:1.0",
    "vial convert docker-archive:image.tar sandbox:root",
    "vial convert image.sif docker-daemon:image:1.0",
  ],
  async run(flags, [from = "", to = ""]) {
    const cwd = process.cwd();
    const target = parseTarget(to, cwd);
    const quiet = flags.bool("quiet");
    const converted = await convertShowing(parseSource(from, cwd), target, readFileWish(flags), { quiet });
    if ("reference" in target) outLine(printPushed(target, converted, quiet));
    return 0;
  },
};
