import { type Filters, isVialError } from "#spec";
import { DockerAnswer } from "./docker/phrases.ts";

/**
 * The parameter `filters`: `{"label":["a=b"]}`, or as Docker's own clients write it `{"label":{"a=b":true}}`. A key that is
 * not known is refused, as Docker does, for a prune that left out a filter would remove too much.
 */
export function parseFilters(text: string | undefined, known: readonly string[]): Filters {
  const filters = new Map<string, readonly string[]>();
  if (text === undefined || text.trim() === "") return filters;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new DockerAnswer(400, `invalid filter: ${text.slice(0, 200)} is no JSON`);
  }
  if (document === null) return filters;
  if (typeof document !== "object" || Array.isArray(document))
    throw new DockerAnswer(400, "invalid filter: a JSON object of filters was expected");
  for (const [key, value] of Object.entries(document)) {
    if (!known.includes(key)) throw new DockerAnswer(400, `invalid filter '${key}'`);
    const values = valuesOf(value);
    if (values === undefined) throw new DockerAnswer(400, `invalid filter '${key}': a list was expected`);
    filters.set(key, values);
  }
  return filters;
}

function valuesOf(value: unknown): readonly string[] | undefined {
  if (value === null) return [];
  if (Array.isArray(value))
    return value.every((entry) => typeof entry === "string") ? (value as string[]) : undefined;
  if (typeof value !== "object") return undefined;
  const entries = Object.entries(value as object);
  if (entries.some(([, isSet]) => typeof isSet !== "boolean")) return undefined;
  return entries.filter(([, isSet]) => isSet === true).map(([name]) => name);
}

/** Runs what reads the values of filters, and says of a bad one what Docker says. */
export function withFilterWords<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    return throwFilterWords(error);
  }
}

/** withFilterWords() for what has been thrown already. */
export function throwFilterWords(error: unknown): never {
  if (!isVialError(error) || error.code !== "filter-value-invalid") throw error;
  throw new DockerAnswer(400, `invalid filter: ${error.why ?? error.message}`);
}
