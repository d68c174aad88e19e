import type { Command } from "../../command.ts";
import { boolFlag, listFlag } from "../../flag.ts";
import { out } from "../../print.ts";
import { type CacheEntry, cacheEntries, printCacheSize } from "../cache-entry.ts";

// `apptainer cache list`: in Apptainer's columns. There are no blobs: layers are packed as they come.

export const command: Command = {
  name: "cache list",
  usage: "[OPTIONS]",
  summary: "Show what is kept of fetched images",
  flags: [listFlag("type", "name", "Of this type"), boolFlag("verbose", "Each entry")],
  args: [0, 0],
  run(flags) {
    const entries = cacheEntries(flags);
    const total = printCacheSize(entries.reduce((sum, { size }) => sum + size, 0));
    if (flags.bool("verbose"))
      out(`${row("NAME", "DATE CREATED", "SIZE", "TYPE")}${entries.map(rowOf).join("")}\n`);
    out(
      `There are ${entries.length} container file(s) using ${total} and 0 oci blob file(s) using 0.00 KiB of space\n` +
        `Total space used: ${total}\n`,
    );
    return 0;
  },
};

function rowOf({ key, usedAt, size, type }: CacheEntry): string {
  const date = new Date(usedAt - new Date(usedAt).getTimezoneOffset() * 60_000);
  return row(key.slice(0, 22), date.toISOString().slice(0, 19).replace("T", " "), printCacheSize(size), type);
}

function row(name: string, date: string, size: string, type: string): string {
  return `${name.padEnd(24)} ${date.padEnd(22)} ${size.padEnd(16)} ${type}\n`;
}
