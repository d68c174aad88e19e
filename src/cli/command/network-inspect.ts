import { describeNetwork, findNetwork, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { boolFlag, inspectFormatFlag } from "../flag.ts";
import { printInspection } from "../format.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "network inspect",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  summary: "Show networks in full",
  flags: [inspectFormatFlag, boolFlag("verbose", "As without: more there is in a swarm alone", "v")],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const engine = openEngine();
    const documents: object[] = [];
    let code = 0;
    for (const name of names) {
      try {
        documents.push(describeNetwork(engine, findNetwork(engine, name)));
      } catch (error) {
        reportError(error, { debug: false });
        code = 1;
      }
    }
    out(printInspection(documents, flags.text("format")));
    return code;
  },
};
