import { openEngine, removeImageNamed } from "#engine";
import { isVialError } from "#spec";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { boolFlag } from "../flag.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "rmi",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Remove images, by name or ID",
  mapped: "any",
  flags: [
    boolFlag("force", "Also an image with several names, or one that stopped containers use", "f"),
    boolFlag("no-prune", "Taken for Docker's sake: there are no untagged parents here"),
  ],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const engine = openEngine();
    let code = 0;
    for (const name of names) {
      try {
        const removed = removeImageNamed(engine, name, { force: flags.bool("force") });
        for (const gone of removed.untagged) outLine(`Untagged: ${gone}`);
        for (const id of removed.deleted) outLine(`Deleted: ${id}`);
      } catch (error) {
        // The others are removed all the same, as Docker does. The first error's code stands; what is not there is none by force.
        const failed = reportError(error, { debug: false });
        const isGone = isVialError(error) && error.code === "image-unknown";
        if (!flags.bool("force") || !isGone) code ||= failed;
      }
    }
    return code;
  },
};
