import { filterValueInvalid } from "./error-list.ts";
import { isVialError } from "./error.ts";
import { parseDuration } from "./size.ts";

/**
 * Parses a moment as Docker's `until=` and `--since` take it, into milliseconds since 1970: seconds since 1970
 * ("1700000000.5"), a Go duration before `now` ("10m"), or a date with or without time and zone ("2026-11-23T10:00").
 * Throws filter-value-invalid with `name` as the key.
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
      if (!isVialError(error)) throw error;
    }
  }
  throw filterValueInvalid(
    name,
    text,
    'a duration such as "24h", a date such as "2026-11-23", or seconds since 1970',
  );
}
