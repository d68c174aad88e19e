// How this process speaks to the person: as Vial itself, or as the program by whose name it was called. Set once, before a
// command runs; each bundle of a quick verb has its own.

import type { StartManner } from "#engine";

export interface Voice {
  /** What begins an error: "vial:". */
  readonly error: string;
  readonly warn: (sentence: string) => void;
  /** Of a start in the profile `hpc`; undefined: Vial's. */
  readonly manner: StartManner | undefined;
}

const vial: Voice = {
  error: "vial:",
  warn: (sentence) => console.error(`vial: warning: ${sentence}`),
  manner: undefined,
};

let current = vial;

export function voice(): Voice {
  return current;
}

export function speakAs(other: Voice): void {
  current = other;
}
