import { parseMoment as parse } from "#spec";

/** The seconds since 1970 of `--since` or `--until`, as the API takes them; undefined where it is not given. */
export function parseMoment(flag: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : (parse(flag, text, Date.now()) / 1000).toFixed(9);
}
