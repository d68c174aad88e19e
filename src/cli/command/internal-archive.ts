import { answerOfChild, openEngine, readContainerArchive, writeContainerArchive } from "#engine";
import type { Command } from "../command.ts";
import { out } from "../print.ts";

/** Files of a container as a tar, for a server: to our output, or from our input. */
export const command: Command = {
  name: "internal-archive",
  usage: "ROOT RUN get|put|put-as-user ID PATH",
  summary: "Read or write files of a container for a server",
  flags: [],
  interspersed: false,
  args: [5, 5],
  async run(_flags, [root = "", run = "", way = "", id = "", path = ""]) {
    const engine = openEngine({ root, run });
    if (way === "get") {
      for (const bytes of readContainerArchive(engine, id, path)) out(bytes);
      return 0;
    }
    const source = { descriptor: 0, asUser: way === "put-as-user" };
    out(`${JSON.stringify(await answerOfChild(() => writeContainerArchive(engine, id, path, source)))}\n`);
    return 0;
  },
};
