import { hostPlatform, printPlatform } from "#spec";
import type { Command } from "../../command.ts";
import { boolFlag } from "../../flag.ts";
import { nothingToInspect } from "../../error.ts";
import { out } from "../../print.ts";
import { version } from "../../version.ts";

export const command: Command = {
  name: "buildx inspect",
  usage: "[OPTIONS] [NAME]",
  summary: "Show the builder",
  flags: [boolFlag("bootstrap", "Taken: the builder is ready always")],
  args: [0, 1],
  run(_flags, [name = "default"]) {
    if (name !== "default") throw nothingToInspect(name);
    const platforms = printPlatform(hostPlatform());
    out(
      `Name:   default\nDriver: vial\n\nNodes:\nName:      default\nEndpoint:  default\nStatus:    running\nBuildKit:  none; vial ${version}\nPlatforms: ${platforms}\n`,
    );
    return 0;
  },
};
