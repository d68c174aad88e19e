import { listInstances, stopInstance } from "#engine";
import { limitTo } from "#kit";
import type { Command } from "../../command.ts";
import { wrongArguments } from "../../error.ts";
import { reportError } from "../../errors-out.ts";
import { boolFlag } from "../../flag.ts";
import { choose } from "../../instance/choose.ts";
import { readStopWish, stopFlags } from "../../instance/stop-wish.ts";
import { voice } from "../../voice.ts";
import { noInstanceFound } from "../error.ts";
import { failure } from "../log.ts";

// `apptainer instance stop`: a pattern that fits none is an error, and each that is stopped is told of.

const atOnce = 8;

export const command: Command = {
  name: "instance stop",
  usage: "[OPTIONS] [NAME]",
  summary: "Stop an instance",
  flags: [boolFlag("all", "All of them"), ...stopFlags],
  args: [0, 1],
  async run(flags, [name]) {
    const isAll = flags.bool("all");
    if (name === undefined && !isAll) throw wrongArguments({ ...command, args: [1, 1] }, 0);
    const pattern = isAll ? undefined : name;
    const wish = readStopWish(flags);
    const all = listInstances();
    const chosen = pattern === undefined ? all : choose(all, pattern);
    if (chosen.length === 0) throw noInstanceFound(pattern);
    const limit = limitTo(atOnce);
    const codes = chosen.map((record) =>
      limit(async () => {
        voice().info(`Stopping ${record.name} instance of ${record.image.name} (PID=${record.process.pid})`);
        try {
          await stopInstance(record, wish);
          return 0;
        } catch (error) {
          reportError(error, { debug: false });
          return failure;
        }
      }),
    );
    return Math.max(...(await Promise.all(codes)));
  },
};
