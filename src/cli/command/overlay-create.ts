import { createOverlayImage } from "#engine";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";

export const command: Command = {
  name: "overlay create",
  usage: "[OPTIONS] FILE",
  summary: "Make a file system image that keeps a container's changes, or add one to a SIF file",
  flags: [
    listFlag("create-dir", "path", "Folder that the container has from the beginning; several with commas"),
    textFlag("size", "MiB", "Size (default 64, the least)", "s"),
    boolFlag("sparse", "Take disk space only as it is filled", "S"),
  ],
  examples: ["vial overlay create --size 1024 changes.img", "vial overlay create image.sif"],
  args: [1, 1],
  async run(flags, [path = ""]) {
    const size = flags.filled("size") ?? "64";
    if (!/^\d{1,9}$/.test(size)) throw flagValueInvalid("--size", size, "a number of MiB");
    await createOverlayImage({
      path,
      size: Number(size),
      folders: flags
        .list("create-dir")
        .flatMap((text) => text.split(","))
        .filter((folder) => folder !== "")
        .map((folder) => (folder.startsWith("/") ? folder : `/${folder}`)),
      sparse: flags.bool("sparse"),
    });
    return 0;
  },
};
