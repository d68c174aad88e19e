import type { Command } from "../command.ts";
import { errLine, outLine } from "../print.ts";
import { ContextStore } from "../remote/context-store.ts";

export const command: Command = {
  name: "context use",
  usage: "CONTEXT",
  summary: "Choose the engine that the name docker speaks to from now on",
  flags: [],
  args: [1, 1],
  run(_flags, [name = ""]) {
    new ContextStore().use(name);
    outLine(name);
    errLine(`Current context is now "${name}"`);
    if ((process.env.DOCKER_HOST ?? "") !== "" && name !== "default")
      errLine(
        `Warning: DOCKER_HOST environment variable overrides the active context. To use "${name}", either set the global --context flag, or unset DOCKER_HOST environment variable.`,
      );
    return 0;
  },
};
