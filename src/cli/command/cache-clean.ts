import { homedir } from "node:os";
import { cacheFolder, listCache, removeCached, unpackPlace } from "#engine";
import { printSize } from "#spec";
import { confirm } from "../ask.ts";
import type { Command } from "../command.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { flagValueInvalid } from "../error.ts";
import { errLine, outLine } from "../print.ts";

export const command: Command = {
  name: "cache clean",
  usage: "[OPTIONS]",
  summary: "Delete the images that were fetched to be run",
  flags: [
    textFlag("days", "number", "Only what was not used for so many days", "D"),
    boolFlag("dry-run", "Only say what would be deleted", "n"),
    boolFlag("force", "Do not ask", "f"),
  ],
  args: [0, 0],
  run(flags) {
    const days = flags.filled("days");
    if (days !== undefined && !/^\d{1,5}$/.test(days))
      throw flagValueInvalid("--days", days, "a number of days");
    const before = Date.now() - Number(days ?? 0) * 24 * 3600 * 1000;
    const cache = cacheFolder(process.env, homedir());
    const files = listCache(cache, unpackPlace(process.env, homedir()).folder).filter(
      ({ usedAt }) => days === undefined || usedAt < before,
    );
    const isDry = flags.bool("dry-run");
    if (
      !isDry &&
      !flags.bool("force") &&
      !confirm("WARNING! This will delete the images that were fetched to be run.")
    )
      return 0;
    let freed = 0;
    for (const file of files) {
      if (!isDry && !removeCached(file, cache)) {
        errLine(`vial: ${file.key.slice(0, 12)} is being made or used: it stays`);
        continue;
      }
      freed += file.size;
      outLine(`${file.key.slice(0, 12)}  ${printSize(file.size).padStart(9)}`);
    }
    outLine(`Total ${isDry ? "reclaimable" : "reclaimed"} space: ${printSize(freed)}`);
    return 0;
  },
};
