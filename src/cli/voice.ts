// How this process speaks to the person: as Vial itself, or as the program by whose name it was called. Set once, before a
// command runs; each bundle of a quick verb has its own.

import type { StartManner } from "#engine";
import type { VialError } from "#spec";
import type { ErrorLook } from "./errors-out.ts";
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
  /** Where a port is published that names no address: on loopback, or on every address of this machine. */
  readonly publishes: "loopback" | "everywhere";
  /** Tells that an image of a run is not here and will be pulled; undefined: the progress of the pull says enough. */
  readonly imageMissing?: (name: string) => void;
  /** The whole text of an error, in place of Vial's three lines. */
  readonly printError?: (error: VialError, look: ErrorLook) => string;
}

const vial: Voice = {
  error: "vial:",
  warn: (sentence) => console.error(`vial: warning: ${sentence}`),
  warningLine: (sentence) => `vial: warning: ${sentence}`,
  info: (sentence) => errLine(`vial: ${sentence}`),
  manner: undefined,
  publishes: "loopback",
};

let current = vial;

export function voice(): Voice {
  return current;
}

export function speakAs(other: Voice): void {
  current = other;
}
