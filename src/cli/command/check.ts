import { checkEngine, openEngine } from "#engine";
import { printSize } from "#spec";
import type { Command } from "../command.ts";
import { boolFlag, inspectFormatFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { isTerminal, out } from "../print.ts";
import { openProgress } from "../progress.ts";

export const command: Command = {
  name: "check",
  usage: "[OPTIONS]",
  summary: "Verify every byte of every image, and the containers",
  flags: [
    inspectFormatFlag,
    boolFlag("quiet", "Print nothing when all is clean", "q"),
    boolFlag(
      "repair",
      "Set damaged parts aside, so that a pull or load brings them anew, and clear away what killed processes left",
    ),
  ],
  args: [0, 0],
  run(flags) {
    const engine = openEngine();
    const quiet = flags.bool("quiet");
    using progress = openProgress({ quiet: quiet || !isTerminal(2) });
    const result = checkEngine(engine, {
      repair: flags.bool("repair"),
      progress: (done) =>
        progress.event({ kind: "layer", id: "store", phase: "verifying", done, total: undefined }),
    });
    progress[Symbol.dispose]();
    const text = printDocument(result, flags.text("format"), () => {
      const lines = result.findings.map(
        ({ severity, what, done }) => `${severity}: ${what}${done === undefined ? "" : ` (${done})`}\n`,
      );
      const sum = `${result.images} images, ${result.blobs} blobs, ${printSize(result.bytes)}, ${result.containers} containers`;
      return `${lines.join("")}${result.clean ? "clean" : "not clean"}: ${sum}\n`;
    });
    if (!quiet || !result.clean) out(text);
    return result.clean ? 0 : 1;
  },
};
