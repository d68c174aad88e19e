import { openEngine } from "#engine";
import { findImage } from "#image";
import { parsePlatform } from "#spec";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { inspectFormatFlag, textFlag } from "../flag.ts";
import { printInspection } from "../format.ts";
import { describeImage } from "../image-document.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "image inspect",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  summary: "Show everything about images",
  flags: [inspectFormatFlag, textFlag("platform", "os/arch", "Show the image of this platform")],
  args: [1, Number.POSITIVE_INFINITY],
  run(flags, names) {
    const { store } = openEngine();
    const wanted = flags.text("platform");
    const platform = wanted === undefined ? undefined : parsePlatform(wanted);
    let code = 0;
    const documents = names.flatMap((name) => {
      try {
        return [describeImage(store, findImage(store, name, platform))];
      } catch (error) {
        // What was found is printed all the same, as Docker does.
        const failed = reportError(error, { debug: false });
        code ||= failed;
        return [];
      }
    });
    out(
      documents.length === 0 && flags.text("format") !== undefined
        ? ""
        : printInspection(documents, flags.text("format")),
    );
    return code;
  },
};
