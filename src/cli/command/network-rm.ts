import { openEngine, removeNetwork } from "#engine";
import { isVialError } from "#spec";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { boolFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";

export const command: Command = {
  name: "network rm",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  summary: "Remove networks that no container is in",
  flags: [boolFlag("force", "No error for one that is not there", "f")],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const force = flags.bool("force");
    return await forEach(names, (name) => {
      try {
        removeNetwork(engine, name);
        return name;
      } catch (error) {
        if (!force || !isVialError(error) || error.code !== "network-unknown") throw error;
        reportError(error, { debug: false });
        return null;
      }
    });
  },
};
