import type { SourceRange } from "#spec";
import { isSpace, trimSpace } from "../dockerfile/white-space.ts";
import { filesLineInvalid } from "./error.ts";
import { placeOf, type StageLine } from "./line.ts";

/** A line of `%files` or `%appfiles`. Without a destination, it is the path of the source. */
export interface FilePair {
  /** A path, with wild cards that are still to be resolved. */
  readonly source: string;
  readonly destination?: string;
  readonly range: SourceRange;
}

export function readFilePairs(lines: readonly StageLine[], file: string): readonly FilePair[] {
  return lines.flatMap((line): readonly FilePair[] => {
    const text = trimSpace(line.text);
    if (text === "" || text.startsWith("#")) return [];
    const range = placeOf(file, line);
    const refuse = (why: string) => filesLineInvalid(text, why, range);
    const words = splitWords(text);
    if (words === undefined) throw refuse("a quote is not closed");
    const [source = "", destination, third] = words;
    if (source === "") throw refuse("the source is empty");
    // Apptainer reads two words and leaves the rest, so comments work behind them; a third name is a mistake.
    if (
      destination !== undefined &&
      !destination.startsWith("#") &&
      third !== undefined &&
      !third.startsWith("#")
    )
      throw refuse("it has more than two names");
    if (destination === undefined || destination === "" || destination.startsWith("#"))
      return [{ source, range }];
    return [{ source, destination, range }];
  });
}

/** Words between blanks; quotes of both kinds group, anywhere in a word. Undefined when one is not closed. */
function splitWords(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const char of text) {
    if (quote === "" && isSpace(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === quote) quote = "";
    else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else word = (word ?? "") + char;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}
