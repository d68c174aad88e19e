import { listBuildCache, openEngine } from "#engine";
import { printSize } from "#spec";
import type { Command } from "../command.ts";
import { listFormatFlag } from "../flag.ts";
import { type Listing, printList } from "../format.ts";
import { printAge } from "../moment.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "builder ls",
  usage: "[OPTIONS]",
  summary: "Show what builds remember",
  flags: [listFormatFlag],
  args: [0, 0],
  run(flags) {
    const rows = listBuildCache(openEngine()).map(({ key, result, size, usedAt }) => ({
      Key: key.slice(0, 12),
      LastUsed: printAge(new Date(usedAt).toISOString()),
      Saves: `${(result.took / 1000).toFixed(1)}s`,
      Size: printSize(size),
      Step: result.title,
    }));
    out(printList(listing, rows, flags.text("format")));
    return 0;
  },
};

const listing: Listing = {
  table: "{{.Key}}\t{{.LastUsed}}\t{{.Size}}\t{{.Saves}}\t{{.Step}}",
  headers: { Key: "KEY", LastUsed: "LAST USED", Saves: "SAVES", Size: "SIZE", Step: "STEP" },
};
