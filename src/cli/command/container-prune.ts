import { openEngine, pruneContainers } from "#engine";
import { hasLabel, parseMoment, printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { out, outLine } from "../print.ts";

export const command: Command = {
  name: "container prune",
  usage: "[OPTIONS]",
  summary: "Remove the containers that do not run",
  mapped: "range",
  flags: [
    listFlag(
      "filter",
      "filter",
      "Remove only containers that fit: until=TIME, label=KEY[=VALUE],\nlabel!=KEY[=VALUE]",
    ),
    boolFlag("force", "Do not ask", "f"),
  ],
  args: [0, 0],
  async run(flags) {
    const filters = parseFilters(flags.list("filter"), ["until", "label", "label!"]);
    const until = filters.get("until")?.map((text) => parseMoment("until", text, Date.now()));
    if (!flags.bool("force") && !confirm("WARNING! This will remove all stopped containers.")) return 0;
    const removed = await pruneContainers(
      openEngine(),
      (spec) =>
        (until?.every((time) => Date.parse(spec.created) < time) ?? true) &&
        (filters.get("label") ?? []).every((wanted) => hasLabel(spec.labels, wanted)) &&
        !(filters.get("label!") ?? []).some((unwanted) => hasLabel(spec.labels, unwanted)),
    );
    if (removed.ids.length > 0) out(`Deleted Containers:\n${removed.ids.join("\n")}\n\n`);
    outLine(`Total reclaimed space: ${printSize(removed.freed)}`);
    return 0;
  },
};
