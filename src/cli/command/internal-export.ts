import { exportContainer, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { out } from "../print.ts";

/** The files of a container as a tar, for a server. */
export const command: Command = {
  name: "internal-export",
  usage: "ROOT RUN ID",
  summary: "Write a container's files for a server",
  flags: [],
  args: [3, 3],
  run(_flags, [root = "", run = "", id = ""]) {
    for (const bytes of exportContainer(openEngine({ root, run }), id)) out(bytes);
    return 0;
  },
};
