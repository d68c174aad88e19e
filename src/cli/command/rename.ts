import { openEngine, renameContainer } from "#engine";
import type { Command } from "../command.ts";

export const command: Command = {
  name: "rename",
  usage: "CONTAINER NEW_NAME",
  summary: "Give a container another name",
  flags: [],
  args: [2, 2],
  run(_flags, [name = "", to = ""]) {
    renameContainer(openEngine(), name, to);
    return 0;
  },
};
