import { openEngine, killContainer } from "#engine";
import { stopSignalOf } from "#spec";
import type { Command } from "../command.ts";
import { forEach } from "../for-each.ts";
import { parseSignal } from "../signal.ts";

export const command: Command = {
  name: "kill",
  usage: "[OPTIONS] CONTAINER [CONTAINER...]",
  summary: "Send a signal to running containers",

  flags: [{ name: "signal", short: "s", kind: "string", value: "signal", help: "Signal (default SIGKILL)" }],
  args: [1, Number.POSITIVE_INFINITY],
  async run(flags, names) {
    const engine = openEngine();
    const signal = parseSignal("--signal", flags.text("signal") ?? "SIGKILL");
    return await forEach(names, (name) => killContainer(engine, name, signal, stopSignalOf));
  },
};
