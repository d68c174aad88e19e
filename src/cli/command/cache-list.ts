import { homedir } from "node:os";
import { cacheFolder, listCache, nameOf, unpackPlace } from "#engine";
import { printSize } from "#spec";
import type { Command } from "../command.ts";
import { listFormatFlag } from "../flag.ts";
import { type Listing, printList } from "../format.ts";
import { printAge } from "../moment.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "cache list",
  usage: "[OPTIONS]",
  summary: "Show the images that were fetched to be run",
  flags: [listFormatFlag],
  args: [0, 0],
  run(flags) {
    const cache = cacheFolder(process.env, homedir());
    const rows = listCache(cache, unpackPlace(process.env, homedir()).folder).map(
      ({ kind, key, path, size, usedAt }) => ({
        Key: key.slice(0, 12),
        Kind: kind,
        LastUsed: printAge(new Date(usedAt).toISOString()),
        Name: (kind === "sif" ? nameOf(path) : undefined) ?? "",
        Size: printSize(size),
      }),
    );
    out(printList(listing, rows, flags.text("format")));
    return 0;
  },
};

const listing: Listing = {
  table: "{{.Key}}\t{{.Kind}}\t{{.Size}}\t{{.LastUsed}}\t{{.Name}}",
  headers: { Key: "KEY", Kind: "KIND", LastUsed: "LAST USED", Name: "NAME", Size: "SIZE" },
};
