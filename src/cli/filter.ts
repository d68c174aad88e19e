import type { Filters } from "#spec";
import { filterInvalid, filterUnknown } from "./error.ts";

/** Parses `--filter` as often as it is given. `known` are the keys of the command. Throws filter-invalid, filter-unknown. */
export function parseFilters(texts: readonly string[], known: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 0) throw filterInvalid(text, known);
    const key = text.slice(0, equals).trim().toLowerCase();
    if (!known.includes(key)) throw filterUnknown(key, known);
    const values = filters.get(key);
    const value = text.slice(equals + 1).trim();
    if (values === undefined) filters.set(key, [value]);
    else values.push(value);
  }
  return filters;
}
