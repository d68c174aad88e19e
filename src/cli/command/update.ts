import { openEngine, updateContainer } from "#engine";
import type { Command } from "../command.ts";
import { containerFlags } from "../container-flags.ts";
import { parseRestart, readChangedResources } from "../container-wish.ts";
import { nothingToUpdate } from "../error.ts";
import { forEach } from "../for-each.ts";

const names = new Set([
  "cpu-period",
  "cpu-quota",
  "cpu-shares",
  "cpus",
  "cpuset-cpus",
  "cpuset-mems",
  "memory",
  "memory-reservation",
  "memory-swap",
  "pids-limit",
  "restart",
]);

export const command: Command = {
  name: "update",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Change limits and restart policy of containers",
  flags: containerFlags.filter((flag) => names.has(flag.name)),
  mapped: "range",
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, containers) {
    const engine = openEngine();
    const restart = flags.text("restart");
    const wish = {
      resources: readChangedResources(flags),
      restart: restart === undefined ? undefined : parseRestart(restart),
    };
    if (Object.keys(wish.resources).length === 0 && restart === undefined) throw nothingToUpdate();
    return await forEach(containers, (name) => updateContainer(engine, name, wish));
  },
};
