import { unpackMain } from "#image";
import type { Command } from "../command.ts";

/** What unpacks a layer, in a process of its own. */
export const command: Command = {
  name: "internal-unpack",
  usage: "ORDER",
  summary: "Unpack a layer",
  flags: [],
  args: [1, 1],
  run: (_flags, args) => unpackMain(args),
};
