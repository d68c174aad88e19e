import { nearest } from "#kit";
import type { BuildArguments } from "./build-arguments.ts";
import { placeholdersTooLarge, placeholderUndefined } from "./error.ts";
import { placeOf, type StageLine } from "./line.ts";

export interface FilledLines {
  readonly lines: readonly StageLine[];
  /** Names that had a place in these lines. */
  readonly used: ReadonlySet<string>;
}

export interface TemplateValues {
  /** By `--build-arg` and its file: they win. */
  readonly given: BuildArguments;
  /** By the stage's own `%arguments`. */
  readonly defaults: BuildArguments;
}

/** Values in values grow fast: a line of this length was not written by a person. */
const mostText = 1 << 20;

const placeholder = /\{\{\s*(\w+)\s*\}\}/g;

/** Puts values in place of `{{ NAME }}`, everywhere in a stage. A value can hold other names, but their values cannot. */
export function fillPlaceholders(
  lines: readonly StageLine[],
  values: TemplateValues,
  file: string,
): FilledLines {
  const used = new Set<string>();
  const take = (name: string) => {
    used.add(name);
    return values.given.get(name) ?? values.defaults.get(name);
  };
  const filled = lines.flatMap((line): readonly StageLine[] => {
    if (!line.text.includes("{{")) return [line];
    let text = "";
    let at = 0;
    for (const match of line.text.matchAll(placeholder)) {
      const before = line.text.slice(at, match.index);
      // What a comment holds is left alone, and whatever looks like one: a "#" in quotes does, "#!" does not.
      if (/#[^!]/.test(before)) break;
      const name = match[1]!;
      const value = take(name);
      if (value === undefined) {
        const known = [...values.given.keys(), ...values.defaults.keys()];
        throw placeholderUndefined(name, placeOf(file, line), nearest(name, known));
      }
      text += before + value.replace(placeholder, (whole, inner: string) => take(inner) ?? whole);
      if (text.length > mostText) throw placeholdersTooLarge(placeOf(file, line));
      at = match.index + match[0].length;
    }
    const whole = text + line.text.slice(at);
    return whole.split("\n").map((part) => ({ number: line.number, text: part }));
  });
  return { lines: filled, used };
}
