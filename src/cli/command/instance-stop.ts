import { listInstances, needInstance, stopInstance } from "#engine";
import type { Command } from "../command.ts";
import { flagValueInvalid, optionsConflict, wrongArguments } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import { forEach } from "../for-each.ts";
import { choose } from "../instance/choose.ts";
import { parseSignal } from "../signal.ts";

const usualSeconds = 10;

export const command: Command = {
  name: "instance stop",
  usage: "[OPTIONS] NAME|PATTERN...",
  summary: "Stop instances of yours on this host",
  flags: [
    boolFlag("all", "All of them", "a"),
    boolFlag("force", "Kill them at once", "F"),
    textFlag("signal", "signal", "Ask by this signal in place of SIGTERM", "s"),
    textFlag("timeout", "seconds", "Wait so long before they are killed (10)", "t"),
  ],
  args: [0, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const isAll = flags.bool("all");
    if (isAll && names.length > 0) throw optionsConflict("--all", "a name", "all are meant already");
    if (!isAll && names.length === 0) throw wrongArguments({ ...command, args: [1, 1] }, 0);
    const signal = flags.text("signal");
    const wish = {
      signal: flags.bool("force") ? 9 : signal === undefined ? 15 : parseSignal("--signal", signal),
      milliseconds: flags.bool("force") ? 0 : readSeconds(flags.text("timeout")) * 1000,
    };
    const all = listInstances();
    const namesOf = (pattern: string) => choose(all, pattern).map(({ name }) => name);
    const chosen = isAll
      ? all.map(({ name }) => name)
      : names.flatMap((name) => (/[*?[]/.test(name) ? namesOf(name) : [name]));
    return await forEach(
      chosen,
      async (name) => {
        await stopInstance(needInstance(name), wish);
      },
      8,
    );
  },
};

function readSeconds(text: string | undefined): number {
  if (text === undefined) return usualSeconds;
  if (!/^\d{1,6}$/.test(text)) throw flagValueInvalid("--timeout", text, "a number of seconds");
  return Number(text);
}
