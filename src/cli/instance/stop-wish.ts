import type { InstanceStop } from "#engine";
import type { Flag } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { boolFlag, textFlag } from "../flag.ts";
import type { Flags } from "../parse.ts";
import { parseSignal } from "../signal.ts";

// How instances are stopped.

const usualSeconds = 10;

export const stopFlags: readonly Flag[] = [
  boolFlag("force", "Kill them at once", "F"),
  textFlag("signal", "signal", "Ask by this signal in place of SIGTERM", "s"),
  textFlag("timeout", "seconds", "Wait so long before they are killed (10)", "t"),
];

/** What `stopFlags` say. Throws flag-value-invalid, option-invalid. */
export function readStopWish(flags: Flags): InstanceStop {
  const signal = flags.text("signal");
  const isForced = flags.bool("force");
  return {
    signal: isForced ? 9 : signal === undefined ? 15 : parseSignal("--signal", signal),
    milliseconds: isForced ? 0 : readSeconds(flags.text("timeout")) * 1000,
  };
}

function readSeconds(text: string | undefined): number {
  if (text === undefined) return usualSeconds;
  if (!/^\d{1,6}$/.test(text)) throw flagValueInvalid("--timeout", text, "a number of seconds");
  return Number(text);
}
