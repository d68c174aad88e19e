import { openEngine, unpauseContainer } from "#engine";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";

export const command: Command = {
  name: "unpause",
  usage: "CONTAINER [CONTAINER...]",
  summary: "Let paused containers go on",

  flags: [],
  mapped: "range",
  args: [1, Number.POSITIVE_INFINITY],
  async run(_flags, names) {
    const engine = openEngine();
    return await forEach(names, (name) => unpauseContainer(engine, name));
  },
};
