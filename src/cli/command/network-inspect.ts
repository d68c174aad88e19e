import { describeNetwork, findNetwork, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag, inspectFormatFlag } from "../flag.ts";
import { inspectEach } from "../inspect-each.ts";

export const command: Command = {
  name: "network inspect",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  summary: "Show networks in full",
  flags: [inspectFormatFlag, boolFlag("verbose", "As without: more there is in a swarm alone", "v")],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const engine = openEngine();
    return inspectEach(names, flags.text("format"), (name) =>
      describeNetwork(engine, findNetwork(engine, name)),
    );
  },
};
