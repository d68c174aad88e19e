import { checkHealth, containerFolder, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { outLine } from "../print.ts";

/** What the shell beside a container with a health check calls: prints the seconds to the next check. */
export const command: Command = {
  name: "internal-health",
  usage: "ROOT RUN ID",
  summary: "Check the health of a container",
  flags: [],
  args: [3, 3],
  async run(_flags, [root = "", run = "", id = ""]) {
    const engine = openEngine({ root, run });
    const next = await checkHealth(engine, containerFolder(engine, id));
    if (next === undefined) return 1;
    outLine(String(next));
    return 0;
  },
};
