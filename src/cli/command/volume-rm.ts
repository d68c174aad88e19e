import { openEngine, removeVolume } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";

export const command: Command = {
  name: "volume rm",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  summary: "Remove volumes that no container mounts",
  mapped: "any",
  flags: [boolFlag("force", "No error for one that is not there", "f")],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const force = flags.bool("force");
    return await forEach(names, (name) => removeVolume(engine, name, { force }));
  },
};
