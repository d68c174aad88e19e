import { openEngine, type PortChange, updateContainer } from "#engine";
import type { Command } from "../command.ts";
import { containerFlags } from "../container-flags.ts";
import { parseRestart, readChangedResources } from "../container-wish.ts";
import { nothingToUpdate, optionsConflict } from "../error.ts";
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
  // What listens for a new port of an ordinary user's container has to get into its network.
  meets: (flags, [name]) => (flags.list("publish-add").length === 0 ? undefined : name),
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, containers) {
    const engine = openEngine();
    const restart = flags.text("restart");
    const ports = readPortChange(flags);
    if (ports !== undefined && containers.length > 1)
      throw optionsConflict(
        "--publish-add, --publish-rm",
        "more than one container",
        "a port of the host leads to one of them",
      );
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
