import { openEngine, processTable } from "#engine";
import { printTable, showControls } from "#kit";
import type { Command } from "../command.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "top",
  usage: "CONTAINER [-o COLUMN,...]",
  summary: "List the processes of a container",
  flags: [],
  interspersed: false,
  args: [1, 8],
  run(_flags, [name = "", ...options]) {
    const { titles, rows } = processTable(openEngine(), name, options);
    out(printTable([titles, ...rows.map((row) => row.map((cell) => showControls(cell)))]));
    return 0;
  },
};
