import { createContainer, openEngine } from "#engine";
import { openIdFile } from "../cidfile.ts";
import type { Command } from "../command.ts";
import { containerFlags } from "../container-flags.ts";
import { readContainerWish } from "../container-wish.ts";
import { imageForRun, imagesOfMounts } from "../image-for-run.ts";
import { startFailureCode } from "../start-failure.ts";

export const command: Command = {
  name: "create",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  summary: "Make a container without starting it",
  mapped: "range",
  flags: [
    ...containerFlags,
    { name: "quiet", short: "q", kind: "bool", help: "Do not show the progress of a pull" },
  ],
  interspersed: false,
  args: [1, Number.POSITIVE_INFINITY],
  failureCode: startFailureCode,
  async run(flags, [imageName = "", ...words]) {
    const engine = openEngine();
    const wish = readContainerWish(flags, words);
    const image = await imageForRun(engine, imageName, flags);
    const mounts = await imagesOfMounts(engine, wish.mounts ?? [], flags);
    using idFile = openIdFile(flags.filled("cidfile"));
    const { spec } = createContainer(engine, image, imageName, { ...wish, mounts });
    idFile?.write(spec.id);
    console.log(spec.id);
    return 0;
  },
};
