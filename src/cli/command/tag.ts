import { openEngine, tagImage } from "#engine";
import { parseReference } from "#spec";
import type { Command } from "../command.ts";
import { tagWithDigest } from "../error.ts";

export const command: Command = {
  name: "tag",
  usage: "SOURCE[:TAG] TARGET[:TAG]",
  summary: "Give an image one more name",
  flags: [],
  args: [2, 2],
  run(_flags, [source = "", target = ""]) {
    const reference = parseReference(target);
    if (reference.digest !== undefined) throw tagWithDigest(target);
    tagImage(openEngine(), source, reference);
    return 0;
  },
};
