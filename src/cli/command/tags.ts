import { listRemoteTags } from "#engine";
import { parseNamed } from "#spec";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { textFlag } from "../flag.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "tags",
  usage: "[OPTIONS] REPOSITORY",
  summary: "List the tags of a repository at its registry",
  flags: [textFlag("format", "form", "json for a JSON list; plain lines otherwise")],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const format = flags.text("format");
    if (format !== undefined && format !== "json") throw flagValueInvalid("--format", format, '"json"');
    const tags = await listRemoteTags(parseNamed(name));
    out(format === "json" ? `${JSON.stringify(tags)}\n` : tags.map((tag) => `${tag}\n`).join(""));
    return 0;
  },
};
