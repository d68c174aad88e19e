import { openEngine, prunableVolumes, pruneVolumes, volumePruneFilters } from "#engine";
import { printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { out, outLine } from "../print.ts";

export const command: Command = {
  name: "volume prune",
  usage: "[OPTIONS]",
  summary: "Remove the anonymous volumes that no container mounts",
  mapped: "any",
  flags: [
    boolFlag("all", "Also volumes with a name", "a"),
    listFlag(
      "filter",
      "filter",
      "Remove only volumes that fit: label=KEY[=VALUE], label!=KEY[=VALUE], all=true",
    ),
    boolFlag("force", "Do not ask", "f"),
  ],
  args: [0, 0],
  run(flags) {
    const filters = parseFilters(flags.list("filter"), volumePruneFilters);
    const wish = prunableVolumes(filters);
    const all = flags.bool("all") || wish.all;
    const what = all ? "all local volumes" : "anonymous local volumes";
    const question = `WARNING! This will remove ${what} not used by at least one container.`;
    if (!flags.bool("force") && !confirm(question)) return 0;
    const { names, freed } = pruneVolumes(openEngine(), { ...wish, all });
    if (names.length > 0) out(`Deleted Volumes:\n${names.join("\n")}\n\n`);
    outLine(`Total reclaimed space: ${printSize(freed)}`);
    return 0;
  },
};
