import { filterInvalid, filterUnknown } from "./error.ts";

/** The values of each `--filter key=value`, by key. */
export type Filters = ReadonlyMap<string, readonly string[]>;

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

/** Whether a wanted label, "key" or "key=value", is among the labels. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
}
