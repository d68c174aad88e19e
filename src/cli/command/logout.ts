import { logout } from "#registry";
import type { Command } from "../command.ts";
import { outLine } from "../print.ts";
import { parseRegistryHost } from "../registry-host.ts";

export const command: Command = {
  name: "logout",
  usage: "[SERVER]",
  summary: "Log out of a registry (docker.io when none is named)",
  flags: [],
  args: [0, 1],
  async run(_flags, [server = ""]) {
    const host = parseRegistryHost(server);
    await logout(host);
    outLine(`Removing login credentials for ${host}`);
    return 0;
  },
};
