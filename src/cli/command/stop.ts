import { openEngine, stopContainer } from "#engine";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";
import { stopFlags, readStop } from "../stop-flags.ts";

export const command: Command = {
  name: "stop",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Stop running containers",

  flags: stopFlags,
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const options = readStop(flags);
    return await forEach(
      names,
      async (name) => {
        await stopContainer(engine, name, options);
      },
      names.length,
    );
  },
};
