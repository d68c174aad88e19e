import { openEngine, pauseContainer } from "#engine";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";

export const command: Command = {
  name: "pause",
  usage: "CONTAINER [CONTAINER...]",
  summary: "Freeze every process of running containers",

  flags: [],
  mapped: "range",
  args: [1, Number.POSITIVE_INFINITY],
  async run(_flags, names) {
    const engine = openEngine();
    return await forEach(names, (name) => pauseContainer(engine, name));
  },
};
