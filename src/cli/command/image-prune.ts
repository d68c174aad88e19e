import { openEngine, pruneUnusedImages } from "#engine";
import { parseMoment, parseTruth, printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { errLine, out, outLine } from "../print.ts";

export const command: Command = {
  name: "image prune",
  usage: "[OPTIONS]",
  summary: "Remove the images that nothing uses",
  mapped: "any",
  flags: [
    boolFlag("all", "Also images with a name, where no container uses them", "a"),
    listFlag(
      "filter",
      "filter",
      "Remove only images that fit: until=TIME, label=KEY[=VALUE],\nlabel!=KEY[=VALUE], dangling=false",
    ),
    boolFlag("force", "Do not ask", "f"),
  ],
  args: [0, 0],
  run(flags) {
    const filters = parseFilters(flags.list("filter"), ["until", "label", "label!", "dangling"]);
    const dangling = filters.get("dangling")?.map((text) => parseTruth("dangling", text));
    const all = flags.bool("all") || dangling?.includes(false) === true;
    const until = filters.get("until")?.map((text) => parseMoment("until", text, Date.now()));
    const what = all ? "all images without at least one container associated to them" : "all dangling images";
    if (!flags.bool("force") && !confirm(`WARNING! This will remove ${what}.`)) return 0;
    const removed = pruneUnusedImages(openEngine(), {
      all,
      ...(until === undefined ? {} : { until: Math.min(...until) }),
      labels: filters.get("label") ?? [],
      labelsNot: filters.get("label!") ?? [],
    });
    if (removed.untagged.length + removed.deleted.length > 0) {
      outLine("Deleted Images:");
      for (const name of removed.untagged) outLine(`untagged: ${name}`);
      for (const id of removed.deleted) outLine(`deleted: ${id}`);
      out("\n");
    }
    outLine(`Total reclaimed space: ${printSize(removed.freed)}`);
    if (removed.deferred)
      errLine("vial: another command adds an image now; the space is freed by the next prune");
    return 0;
  },
};
