import { openEngine, pruneNetworks } from "#engine";
import { hasLabel, parseMoment } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "network prune",
  usage: "[OPTIONS]",
  summary: "Remove the networks that no container is in, or will be",
  flags: [
    listFlag(
      "filter",
      "filter",
      "Remove only networks that fit: until=TIME, label=KEY[=VALUE],\nlabel!=KEY[=VALUE]",
    ),
    boolFlag("force", "Do not ask", "f"),
  ],
  args: [0, 0],
  run(flags) {
    const filters = parseFilters(flags.list("filter"), ["until", "label", "label!"]);
    const until = filters.get("until")?.map((text) => parseMoment("until", text, Date.now()));
    if (
      !flags.bool("force") &&
      !confirm("WARNING! This will remove all custom networks not used by at least one container.")
    )
      return 0;
    const names = pruneNetworks(
      openEngine(),
      ({ created, labels }) =>
        (until?.every((time) => Date.parse(created) < time) ?? true) &&
        (filters.get("label") ?? []).every((wanted) => hasLabel(labels, wanted)) &&
        !(filters.get("label!") ?? []).some((unwanted) => hasLabel(labels, unwanted)),
    );
    if (names.length > 0) out(`Deleted Networks:\n${names.join("\n")}\n\n`);
    return 0;
  },
};
