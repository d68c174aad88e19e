import { openEngine, type PortChange, updateContainer } from "#engine";
import type { Command } from "../command.ts";
import { containerFlags } from "../container-flags.ts";
import { parseRestart, readChangedResources } from "../container-wish.ts";
import { nothingToUpdate } from "../error.ts";
import { listFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";
import type { Flags } from "../parse.ts";
import { parsePublished, parseRemoval } from "../publish-syntax.ts";

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
  summary: "Change limits, restart policy and published ports of containers",
  flags: [
    ...containerFlags.filter((flag) => names.has(flag.name)),
    listFlag("publish-add", "[[address:]port:]port[/udp]", "Publish a port, at once when the container runs"),
    listFlag(
      "publish-rm",
      "[address:]port[/udp]",
      "End a published port of the host; open connections go on",
    ),
  ],
  mapped: "range",
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, containers) {
    const engine = openEngine();
    const restart = flags.text("restart");
    const ports = readPortChange(flags);
    const wish = {
      ...(ports === undefined ? {} : { ports }),
      resources: readChangedResources(flags),
      restart: restart === undefined ? undefined : parseRestart(restart),
    };
    if (Object.keys(wish.resources).length === 0 && restart === undefined && ports === undefined)
      throw nothingToUpdate();
    return await forEach(containers, (name) => updateContainer(engine, name, wish));
  },
};

function readPortChange(flags: Flags): PortChange | undefined {
  const [add, remove] = [flags.list("publish-add"), flags.list("publish-rm")];
  if (add.length === 0 && remove.length === 0) return undefined;
  return { add: parsePublished(add, "--publish-add"), remove: remove.map(parseRemoval) };
}
