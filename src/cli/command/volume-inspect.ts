import { describeVolume, findVolume, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { inspectFormatFlag } from "../flag.ts";
import { printInspection } from "../format.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "volume inspect",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  summary: "Show volumes in full",
  flags: [inspectFormatFlag],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const engine = openEngine();
    const documents: object[] = [];
    let code = 0;
    for (const name of names) {
      try {
        documents.push(describeVolume(engine, findVolume(engine, name)));
      } catch (error) {
        reportError(error, { debug: false });
        code = 1;
      }
    }
    out(printInspection(documents, flags.text("format")));
    return code;
  },
};
