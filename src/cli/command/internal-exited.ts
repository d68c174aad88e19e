import { containerFolder, handleExit, openEngine } from "#engine";
import type { Command } from "../command.ts";

/** What conmon calls when a container has ended. */
export const command: Command = {
  name: "internal-exited",
  usage: "ROOT RUN ID",
  summary: "Record the end of a container",
  flags: [],
  args: [3, 3],
  async run(_flags, [root = "", run = "", id = ""]) {
    const engine = openEngine({ root, run });
    await handleExit(engine, containerFolder(engine, id));
    return 0;
  },
};
