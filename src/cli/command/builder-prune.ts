import { openEngine, pruneBuildCache } from "#engine";
import { parseMoment, parseSize, printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import { errLine, outLine } from "../print.ts";

export const command: Command = {
  name: "builder prune",
  usage: "[OPTIONS]",
  summary: "Forget what builds remember, and free the space",
  flags: [
    boolFlag("all", "The folders of RUN --mount=type=cache as well", "a"),
    listFlag("filter", "filter", "Forget only what fits: until=TIME"),
    boolFlag("force", "Do not ask", "f"),
    textFlag("keep-storage", "bytes", "Keep as much of what was used last"),
  ],
  args: [0, 0],
  mapped: "any",
  run(flags) {
    const until = parseFilters(flags.list("filter"), ["until"]).get("until");
    const keep = flags.text("keep-storage");
    const bytes = keep === undefined ? 0 : parseSize(keep);
    if (!flags.bool("force") && !confirm("WARNING! This will remove all build cache.")) return 0;
    const pruned = pruneBuildCache(openEngine(), {
      keep: bytes,
      all: flags.bool("all"),
      ...(until === undefined
        ? {}
        : { before: Math.min(...until.map((text) => parseMoment("until", text, Date.now()))) }),
    });
    for (const { key, result, size } of pruned.forgotten)
      outLine(`${key.slice(0, 12)}  ${printSize(size).padStart(9)}  ${result.title}`);
    outLine(`Total reclaimed space: ${printSize(pruned.freed)}`);
    if (pruned.deferred)
      errLine("vial: another command adds an image now; the space is freed by the next prune");
    return 0;
  },
};
