import { familiarName, parseReference, printReference } from "#spec";
import type { Command } from "../../command.ts";
import { command as vial } from "../../command/push.ts";
import { outLine } from "../../print.ts";

export const command: Command = {
  ...vial,
  usage: "[OPTIONS] NAME[:TAG]",
  args: [1, 1],
  async run(flags, names) {
    const [name = ""] = names;
    if (!flags.bool("quiet")) {
      const reference = parseReference(name);
      const { tag: _, digest: __, ...repository } = reference;
      if (!flags.bool("all-tags") && familiarName(reference) === name) outLine("Using default tag: latest");
      outLine(`The push refers to repository [${printReference(repository as typeof reference)}]`);
    }
    return await vial.run(flags, names);
  },
};
