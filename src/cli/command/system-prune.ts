import { openEngine, pruneBuildCache, pruneContainers, pruneUnusedImages } from "#engine";
import { hasLabel, parseMoment, printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { table } from "../commands.ts";
import { optionUnsupported } from "../error.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag } from "../flag.ts";
import { parseCommandLine } from "../parse.ts";
import { divertOutput, err, out, outLine } from "../print.ts";

export const command: Command = {
  name: "system prune",
  usage: "[OPTIONS]",
  summary: "Remove what nothing uses: containers, networks, images, the build cache",
  mapped: "range",
  flags: [
    boolFlag("all", "Also images with a name, where no container uses them", "a"),
    listFlag("filter", "filter", "Remove only what fits: until=TIME, label=KEY[=VALUE],\nlabel!=KEY[=VALUE]"),
    boolFlag("force", "Do not ask", "f"),
    boolFlag("volumes", "Also anonymous volumes that no container uses"),
  ],
  args: [0, 0],
  async run(flags) {
    const filters = parseFilters(flags.list("filter"), ["until", "label", "label!"]);
    const moments = filters.get("until")?.map((text) => parseMoment("until", text, Date.now()));
    const until = moments === undefined ? undefined : Math.min(...moments);
    const labels = filters.get("label") ?? [];
    const labelsNot = filters.get("label!") ?? [];
    const all = flags.bool("all");
    const volumes = flags.bool("volumes");
    if (volumes && until !== undefined)
      throw optionUnsupported("--filter", "until", "volumes have no such filter", "leave out --volumes");
    if (!flags.bool("force") && !confirm(warning({ all, volumes }))) return 0;
    const engine = openEngine();
    const containers = await pruneContainers(
      engine,
      (spec) =>
        (until === undefined || Date.parse(spec.created) < until) &&
        labels.every((wanted) => hasLabel(spec.labels, wanted)) &&
        !labelsNot.some((unwanted) => hasLabel(spec.labels, unwanted)),
    );
    printDeleted("Containers", containers.ids);
    const filter = flags.list("filter").flatMap((text) => ["--filter", text]);
    await runOther("network prune", ["--force", ...filter]);
    if (volumes) await runOther("volume prune", ["--force", ...filter]);
    const images = pruneUnusedImages(engine, {
      all,
      ...(until === undefined ? {} : { until }),
      labels,
      labelsNot,
    });
    printDeleted("Images", [
      ...images.untagged.map((name) => `untagged: ${name}`),
      ...images.deleted.map((id) => `deleted: ${id}`),
    ]);
    // Steps have no labels.
    const cache =
      labels.length + labelsNot.length > 0
        ? { forgotten: [], freed: 0 }
        : pruneBuildCache(engine, { keep: 0, all, ...(until === undefined ? {} : { before: until }) });
    printDeleted(
      "build cache objects",
      cache.forgotten.map(({ key }) => key),
    );
    outLine(`Total reclaimed space: ${printSize(containers.freed + images.freed + cache.freed)}`);
    return 0;
  },
};

function warning(wish: { readonly all: boolean; readonly volumes: boolean }): string {
  const rows = [
    "all stopped containers",
    "all networks not used by at least one container",
    ...(wish.volumes ? ["all anonymous volumes not used by at least one container"] : []),
    wish.all ? "all images without at least one container associated to them" : "all dangling images",
    wish.all ? "all build cache" : "unused build cache",
  ];
  return `WARNING! This will remove:\n${rows.map((row) => `  - ${row}\n`).join("")}`;
}

function printDeleted(what: string, rows: readonly string[]): void {
  if (rows.length > 0) out(`Deleted ${what}:\n${rows.join("\n")}\n\n`);
}

/** Runs another prune, and leaves its sum out. */
async function runOther(name: string, argv: readonly string[]): Promise<void> {
  const loaded = await table[name]?.();
  if (loaded === undefined) return;
  const { command: other } = loaded;
  const known = parseCommandLine(other, argv);
  const said = { 1: "", 2: "" };
  {
    using _diverted = divertOutput((fd, part) => {
      said[fd] += typeof part === "string" ? part : Buffer.from(part).toString();
    });
    await other.run(known.flags, known.args);
  }
  out(said[1].replace(/^Total reclaimed space: .*\n/m, ""));
  err(said[2]);
}
