import { epochOf, parseSifTime } from "#sif";
import { sifIdInvalid } from "./error.ts";
import { boolFlag, textFlag } from "./flag.ts";
import type { Flags } from "./parse.ts";

// What the verbs of `vial sif` have in common.

export const sifJsonFlag = boolFlag("json", "Print JSON");

export const sifTimeFlag = textFlag(
  "time",
  "time",
  "Write this time: seconds since 1970, or a date such as\n2026-11-25T10:00:00Z (default: SOURCE_DATE_EPOCH, or none)",
);

/** The time to write, in seconds: of the flag, of SOURCE_DATE_EPOCH, or undefined. */
export function sifTimeOf(flags: Flags): number | undefined {
  const given = flags.filled("time");
  return given === undefined ? epochOf(process.env) : parseSifTime(given);
}

/** Parses the ID of `vial sif VERB ID FILE`. */
export function parseSifId(verb: string, text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  if (id < 1 || id > 0xffffffff) throw sifIdInvalid(verb, text);
  return id;
}
