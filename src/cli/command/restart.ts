import { openEngine, stopContainer, startContainer } from "#engine";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";
import { stopFlags, readStop } from "../stop-flags.ts";
import { voice } from "../voice.ts";

export const command: Command = {
  name: "restart",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Stop containers and start them again",
  mapped: "range",
  flags: stopFlags,
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const options = readStop(flags);
    return await forEach(
      names,
      async (name) => {
        await stopContainer(engine, name, options);
        await startContainer(engine, name, {
          warn: voice().warn,
        });
      },
      names.length,
    );
  },
};
