import { packMain } from "#image";
import type { Command } from "../command.ts";

/** What packs layers to one tar, in a process of its own. */
export const command: Command = {
  name: "internal-pack",
  usage: "",
  summary: "Pack layers",
  flags: [],
  args: [0, 0],
  run: () => packMain(),
};
