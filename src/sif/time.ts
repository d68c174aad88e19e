import { printTime } from "#spec";
import { sifValueUnfit } from "./error.ts";

/**
 * The time that says "none": the year 1, the zero of Go's time.Time, in seconds since 1970. Apptainer writes it into images
 * that shall have the same bytes every time, and siftool leaves out the line of such a time.
 */
export const noTime = -62135596800;

/** SOURCE_DATE_EPOCH (reproducible-builds.org) in seconds, or undefined. The clock on the wall is never asked. */
export function epochOf(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,12}$/.test(text)) throw sifValueUnfit("variable SOURCE_DATE_EPOCH", text, "seconds since 1970");
  return Number(text);
}

/** Parses seconds since 1970, or a date with its zone: "2026-11-25T10:00:00Z". */
export function parseSifTime(text: string): number {
  if (/^-?\d{1,12}$/.test(text)) return Number(text);
  const time = /^\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw sifValueUnfit("time", text, 'seconds since 1970, or a date such as "2026-11-25T10:00:00Z"');
  return Math.floor(time / 1000);
}

/** The longest span that a JavaScript date can hold, in seconds on both sides of 1970. */
const longest = 8.64e12;

/** "2020-06-30T00:01:56Z", undefined for no time. A number that is no date of the calendar is shown as it is. */
export function printSifTime(seconds: number): string | undefined {
  if (seconds === noTime) return undefined;
  if (Math.abs(seconds) > longest) return `${seconds} seconds after 1970`;
  return printTime(seconds);
}
