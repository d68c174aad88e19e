import { openEngine, waitForContainer } from "#engine";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";

export const command: Command = {
  name: "wait",
  usage: "CONTAINER [CONTAINER...]",
  summary: "Wait until containers have ended and print their exit codes",

  flags: [],
  args: [1, Number.POSITIVE_INFINITY],
  async run(_flags, names) {
    const engine = openEngine();
    return await forEach(names, async (name) => String(await waitForContainer(engine, name)));
  },
};
