import { filterInvalid } from "../error.ts";

/** `--filter key=value` as the API takes it: `{"key":{"value":true}}`; undefined for none. */
export function printFilters(texts: readonly string[]): object | undefined {
  if (texts.length === 0) return undefined;
  const filters: Record<string, Record<string, true>> = {};
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) throw filterInvalid(text, ["KEY=VALUE"]);
    const key = text.slice(0, equals).trim().toLowerCase();
    filters[key] = { ...filters[key], [text.slice(equals + 1).trim()]: true };
  }
  return filters;
}
