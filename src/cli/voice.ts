// How this process speaks to the person: as Vial itself, or as the program by whose name it was called. Set once, before a
// command runs; each bundle of a quick verb has its own.

import type { StartManner } from "#engine";
import { errLine } from "./print.ts";

export interface Voice {
  /** What begins an error: "vial:". */
  readonly error: string;
  readonly warn: (sentence: string) => void;
  /** The line of a warning, for who writes around a display of progress; undefined where warnings are not wanted. */
  readonly warningLine: (sentence: string) => string | undefined;
  /** Tells on standard error what was done, in words that begin small. */
  readonly info: (sentence: string) => void;
  /** Of a start in the profile `hpc`; undefined: Vial's. */
  readonly manner: StartManner | undefined;
}

const vial: Voice = {
  error: "vial:",
  warn: (sentence) => console.error(`vial: warning: ${sentence}`),
  warningLine: (sentence) => `vial: warning: ${sentence}`,
  info: (sentence) => errLine(`vial: ${sentence}`),
  manner: undefined,
};

let current = vial;

export function voice(): Voice {
  return current;
}

export function speakAs(other: Voice): void {
  current = other;
}
