import { parseDuration, printHumanDuration, VialError } from "#spec";
import { filterValueInvalid } from "./error.ts";

/**
 * Parses a moment as Docker's `until=` and `--since` take it, into milliseconds since 1970: seconds since 1970
 * ("1700000000.5"), a Go duration before `now` ("10m"), or a date with or without time and zone ("2026-11-23T10:00").
 */
export function parseMoment(name: string, text: string, now: number): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const time = Date.parse(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00` : text.replace(" ", "T"));
    if (!Number.isNaN(time)) return time;
  } else {
    try {
      return now - parseDuration(text) / 1e6;
    } catch (error) {
      if (!(error instanceof VialError)) throw error;
    }
  }
  throw filterValueInvalid(
    name,
    text,
    'a duration such as "24h", a date such as "2026-11-23", or seconds since 1970',
  );
}

/** "2 weeks ago" */
export function printAge(time: string): string {
  return `${printHumanDuration(Date.now() - Date.parse(time))} ago`;
}

/** Go's time.Time.String(), in UTC: "2026-11-23 10:00:00 +0000 UTC". */
export function printGoTime(time: string): string {
  return `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
}
