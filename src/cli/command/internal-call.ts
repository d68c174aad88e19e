import { answerOfChild, childCalls, openEngine } from "#engine";
import type { Command } from "../command.ts";

/** A use case that a server has given to this process. */
export const command: Command = {
  name: "internal-call",
  usage: "ROOT RUN CALL [ARG...]",
  summary: "Do one thing for a server",
  flags: [],
  args: [3, 10],
  async run(_flags, [root = "", run = "", call = "", ...args]) {
    const engine = openEngine({ root, run });
    const answer = await answerOfChild(() => childCalls[call as keyof typeof childCalls](engine, ...args));
    console.log(JSON.stringify(answer));
    return 0;
  },
};
