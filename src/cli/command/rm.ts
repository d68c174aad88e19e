import { openEngine, removeContainer } from "#engine";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { forEach } from "../for-each.ts";
import { isVialError } from "#spec";

export const command: Command = {
  name: "rm",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Remove containers",
  mapped: "range",
  flags: [
    {
      name: "force",
      short: "f",
      kind: "bool",
      help: "Kill a running container first; no error for one that is not there",
    },
    { name: "volumes", short: "v", kind: "bool", help: "Remove its anonymous volumes too" },
  ],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const force = flags.bool("force");
    const volumes = flags.bool("volumes");
    // Some at a time: they wait for the kernel while another is taken away.
    return await forEach(
      names,
      async (name) => {
        try {
          await removeContainer(engine, name, { force, volumes });
          return name;
        } catch (error) {
          if (!force || !isVialError(error) || error.code !== "container-unknown") throw error;
          reportError(error, { debug: false });
          return null;
        }
      },
      8,
    );
  },
};
