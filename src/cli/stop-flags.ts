import type { ContainerSpec } from "#engine";
import { stopSignalOf } from "#spec";
import type { Flag } from "./command.ts";
import { wholeNumber } from "./container-wish.ts";
import type { Flags } from "./parse.ts";
import { parseSignal } from "./signal.ts";

/** The flags of `stop` and `restart`. */
export const stopFlags: readonly Flag[] = [
  {
    name: "signal",
    short: "s",
    kind: "string",
    value: "signal",
    help: "Signal in place of the container's own",
  },
  {
    name: "timeout",
    short: "t",
    kind: "string",
    value: "seconds",
    help: "Time before it is killed; -1 waits without end",
  },
  { name: "time", kind: "string", value: "seconds", help: "Same as --timeout, of older scripts" },
];

export interface StopOptions {
  readonly timeout: number | undefined;
  readonly signal: (spec: ContainerSpec) => number;
}

export function readStop(flags: Flags): StopOptions {
  const time = flags.text("timeout") ?? flags.text("time");
  const signal = flags.text("signal");
  const wanted = signal === undefined ? undefined : parseSignal("--signal", signal);
  return {
    timeout: time === undefined ? undefined : wholeNumber("--timeout", time, -1),
    signal: (spec) => wanted ?? stopSignalOf(spec),
  };
}
