import { removeCached } from "#engine";
import { ask } from "../../ask.ts";
import type { Command } from "../../command.ts";
import { flagValueInvalid } from "../../error.ts";
import { boolFlag, listFlag, textFlag } from "../../flag.ts";
import { out } from "../../print.ts";
import { voice } from "../../voice.ts";
import { cacheEntries, ownCache } from "../cache-entry.ts";

// `apptainer cache clean`: as Vial's, with Apptainer's types and its question.

const question = `This will delete everything in your cache (containers from all sources and OCI blobs).
Hint: You can see exactly what would be deleted by canceling and using the --dry-run option.
`;

export const command: Command = {
  name: "cache clean",
  usage: "[OPTIONS]",
  summary: "Throw away what is kept of fetched images",
  flags: [
    textFlag("days", "days", "Older than this"),
    boolFlag("dry-run", "Only say what would go"),
    boolFlag("force", "Do not ask"),
    listFlag("type", "name", "Of this type"),
  ],
  args: [0, 0],
  run(flags) {
    const days = flags.filled("days") ?? "0";
    if (!/^\d{1,5}$/.test(days)) throw flagValueInvalid("--days", days, "a number of days");
    const before = Date.now() - Number(days) * 24 * 3600 * 1000;
    const entries = cacheEntries(flags).filter(({ usedAt }) => days === "0" || usedAt < before);
    const isDry = flags.bool("dry-run");
    if (isDry) out("User requested a dry run. Not actually deleting any data!\n");
    else if (!flags.bool("force")) {
      out(question);
      if (!/^y(es)?$/i.test(ask("Do you want to continue? [y/N] "))) {
        voice().info("Cache cleanup canceled");
        return 0;
      }
    }
    for (const entry of entries) {
      if (isDry || removeCached(entry, ownCache()))
        voice().info(`Removing ${entry.type} cache entry: ${entry.key}`);
      else voice().warn(`another command is making ${entry.key}: it stays`);
    }
    if (entries.length === 0) voice().info(`No cached files to remove at ${ownCache()}`);
    return 0;
  },
};
