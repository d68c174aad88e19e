import { diffContainer, openEngine } from "#engine";
import { showPath } from "#kit";
import type { Command } from "../command.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "diff",
  usage: "CONTAINER",
  summary: "List what a container has changed: A added, C changed, D deleted",
  mapped: "range",
  flags: [],
  args: [1, 1],
  run(_flags, [name = ""]) {
    for (const { kind, path } of diffContainer(openEngine(), name)) outLine(`${kind} ${showPath(path)}`);
    return 0;
  },
};
