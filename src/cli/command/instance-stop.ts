import { listInstances, needInstance, stopInstance } from "#engine";
import type { Command } from "../command.ts";
import { optionsConflict, wrongArguments } from "../error.ts";
import { boolFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";
import { choose } from "../instance/choose.ts";
import { readStopWish, stopFlags } from "../instance/stop-wish.ts";

export const command: Command = {
  name: "instance stop",
  usage: "[OPTIONS] NAME|PATTERN...",
  summary: "Stop instances of yours on this host",
  flags: [boolFlag("all", "All of them", "a"), ...stopFlags],
  args: [0, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const isAll = flags.bool("all");
    if (isAll && names.length > 0) throw optionsConflict("--all", "a name", "all are meant already");
    if (!isAll && names.length === 0) throw wrongArguments({ ...command, args: [1, 1] }, 0);
    const wish = readStopWish(flags);
    const all = listInstances();
    const namesOf = (pattern: string) => choose(all, pattern).map(({ name }) => name);
    const chosen = isAll
      ? all.map(({ name }) => name)
      : names.flatMap((name) => (/[*?[]/.test(name) ? namesOf(name) : [name]));
    return await forEach(
      chosen,
      async (name) => {
        await stopInstance(needInstance(name), wish);
      },
      8,
    );
  },
};
