import { familiarName, parseReference } from "#spec";
import type { Command } from "../../command.ts";
import { command as vial } from "../../command/pull.ts";
import { outLine } from "../../print.ts";

export const command: Command = {
  ...vial,
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  args: [1, 1],
  async run(flags, names) {
    const [name = ""] = names;
    if (!flags.bool("quiet") && !flags.bool("all-tags")) {
      const { path, tag, digest } = parseReference(name);
      const isBare = familiarName(parseReference(name)) === name.replace(/^docker\.io\/(library\/)?/, "");
      if (isBare && digest === undefined) outLine("Using default tag: latest");
      outLine(`${digest ?? tag ?? "latest"}: Pulling from ${path}`);
    }
    return await vial.run(flags, names);
  },
};
