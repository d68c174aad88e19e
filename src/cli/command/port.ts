import { findContainer, openEngine } from "#engine";
import type { Command } from "../command.ts";

export const command: Command = {
  name: "port",
  usage: "CONTAINER [PORT[/PROTOCOL]]",
  summary: "List the published ports of a container (none: this version publishes no ports)",
  flags: [],
  args: [1, 2],
  run(_flags, [name = "", port]) {
    findContainer(openEngine(), name);
    if (port === undefined) return 0;
    console.error(`vial: No public port '${port}' published for ${name}`);
    return 1;
  },
};
