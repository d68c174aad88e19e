import { describeVolume, findVolume, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { inspectFormatFlag } from "../flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command: Command = {
  name: "volume inspect",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  summary: "Show volumes in full",
  flags: [inspectFormatFlag],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const engine = openEngine();
    return inspectEach(names, flags.text("format"), (name) =>
      describeVolume(engine, findVolume(engine, name)),
    );
  },
};
