import type { Command } from "../command.ts";
import { textFlag } from "../flag.ts";
import { errLine, outLine } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";
import { readEndpointParts, withParts } from "../remote/context-wish.ts";

export const command: Command = {
  name: "context update",
  usage: "[OPTIONS] CONTEXT",
  summary: "Change the address of an engine that has a name",
  flags: [
    textFlag("description", "text", "What it is, for people"),
    textFlag("docker", "host=address,...", "As for `context create`"),
  ],
  args: [1, 1],
  run(flags, [name = ""]) {
    const store = new ContextStore();
    const context = store.read(name);
    const parts = readEndpointParts(flags, store);
    store.update(withParts(context, parts, flags.text("description") ?? context.description), parts?.tls);
    outLine(name);
    errLine(`Successfully updated context "${name}"`);
    return 0;
  },
};
