import { answerOfChild, openEngine, startContainer } from "#engine";
import type { Command } from "../command.ts";

/** A start that a server has given to this process. */
export const command: Command = {
  name: "internal-start",
  usage: "ROOT RUN ID",
  summary: "Start a container for a server",
  flags: [],
  args: [3, 3],
  async run(_flags, [root = "", run = "", id = ""]) {
    const engine = openEngine({ root, run });
    const warnings: string[] = [];
    const answer = await answerOfChild(async () => ({
      started: await startContainer(engine, id, { warn: (sentence) => void warnings.push(sentence) }),
      warnings,
    }));
    console.log(JSON.stringify(answer));
    return 0;
  },
};
