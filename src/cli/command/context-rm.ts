import type { Command } from "../command.ts";
import { boolFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";
import { ContextStore } from "../remote/context-store.ts";

export const command: Command = {
  name: "context rm",
  usage: "[OPTIONS] CONTEXT [CONTEXT...]",
  summary: "Forget the names of engines",
  flags: [boolFlag("force", "Also the one that is in use", "f")],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const store = new ContextStore();
    return await forEach(names, (name) => store.remove(name, flags.bool("force")));
  },
};
