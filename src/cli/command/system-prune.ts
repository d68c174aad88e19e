import { openEngine, pruneSystem, type SystemPruned, systemPruneFilters } from "#engine";
import { printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { optionsConflict } from "../error.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { errLine, out, outLine } from "../print.ts";

export const command: Command = {
  name: "system prune",
  usage: "[OPTIONS]",
  summary: "Remove everything that nothing uses",
  mapped: "any",
  flags: [
    boolFlag("all", "Also images with a name, where no container uses them", "a"),
    listFlag("filter", "filter", "Remove only what fits: until=TIME, label=KEY[=VALUE],\nlabel!=KEY[=VALUE]"),
    boolFlag("force", "Do not ask", "f"),
    boolFlag("volumes", "Also anonymous volumes"),
  ],
  args: [0, 0],
  async run(flags) {
    const filters = parseFilters(flags.list("filter"), systemPruneFilters);
    const [all, volumes] = [flags.bool("all"), flags.bool("volumes")];
    if (volumes && filters.has("until"))
      throw optionsConflict("--volumes", "--filter until=", "nobody knows when a volume was used last");
    if (!flags.bool("force") && !confirm(warning(all, volumes))) return 0;
    print(await pruneSystem(openEngine(), { all, volumes, filters }));
    return 0;
  },
};

function warning(all: boolean, volumes: boolean): string {
  const what = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(volumes ? ["all anonymous volumes not used by at least one container"] : []),
    all ? "all images without at least one container associated to them" : "all dangling images",
    all ? "all build cache" : "unused build cache",
  ];
  return `WARNING! This will remove:\n${what.map((line) => `  - ${line}`).join("\n")}\n`;
}

function print(removed: SystemPruned): void {
  const section = (title: string, lines: readonly string[]): void => {
    if (lines.length > 0) out(`${title}:\n${lines.join("\n")}\n\n`);
  };
  const { untagged, deleted } = removed.images;
  section("Deleted Containers", removed.containers);
  section("Deleted Networks", removed.networks);
  section("Deleted Volumes", removed.volumes);
  section("Deleted Images", [
    ...untagged.map((name) => `untagged: ${name}`),
    ...deleted.map((id) => `deleted: ${id}`),
  ]);
  section("Deleted build cache objects", removed.cache);
  outLine(`Total reclaimed space: ${printSize(removed.freed)}`);
  if (removed.deferred)
    errLine("vial: another command adds an image now; the space is freed by the next prune");
}
