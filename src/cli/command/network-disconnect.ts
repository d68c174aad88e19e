import { disconnectNetwork, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";

export const command: Command = {
  name: "network disconnect",
  usage: "[OPTIONS] NETWORK CONTAINER",
  summary: "Take a container out of a network, while it runs or for its next start",
  flags: [boolFlag("force", "Also when its interface cannot be reached", "f")],
  args: [2, 2],
  run(flags, [network = "", container = ""]) {
    disconnectNetwork(openEngine(), network, container, { force: flags.bool("force") });
    return 0;
  },
};
