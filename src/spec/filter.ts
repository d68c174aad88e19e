import { nearest } from "#kit";
import { filterValueInvalid } from "./error-list.ts";

/** The values of each filter of a list, by key. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** Whether a wanted label, "key" or "key=value", is among the labels. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
}

/** Throws filter-value-invalid. */
export function parseTruth(name: string, text: string): boolean {
  if (["1", "t", "true"].includes(text.toLowerCase())) return true;
  if (["0", "f", "false"].includes(text.toLowerCase())) return false;
  throw filterValueInvalid(name, text, nearest(text, ["true", "false"]) ?? "true or false");
}
