import { openEngine, readLog } from "#engine";
import { parseMoment } from "#spec";
import type { Command } from "../command.ts";
import { wholeNumber } from "../container-wish.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { err, out } from "../print.ts";

export const command: Command = {
  name: "logs",
  usage: "[OPTIONS] CONTAINER",
  summary: "Show what a container has printed",
  flags: [
    boolFlag("follow", "Go on with what it prints, until it has ended", "f"),
    textFlag("since", "time", "Only what came after: a time, or a duration before now (10m)"),
    textFlag("tail", "number", "The last lines alone (default all)", "n"),
    boolFlag("timestamps", "Show the time of each line", "t"),
    textFlag("until", "time", "Only what came before"),
  ],
  args: [1, 1],
  async run(flags, [name = ""]) {
    const now = Date.now();
    const moment = (flag: string): number | undefined => {
      const text = flags.text(flag);
      return text === undefined ? undefined : parseMoment(flag, text, now);
    };
    const tail = flags.text("tail");
    const slices = readLog(openEngine(), name, {
      follow: flags.bool("follow"),
      // As in Docker, a number below zero is all.
      tail:
        tail === undefined || tail === "all" || /^-\d+$/.test(tail)
          ? undefined
          : wholeNumber("--tail", tail, 0),
      since: moment("since"),
      until: moment("until"),
      timestamps: flags.bool("timestamps"),
    });
    for await (const { stream, bytes } of slices) {
      if (stream === "stdout") out(bytes);
      else err(bytes);
    }
    return 0;
  },
};
