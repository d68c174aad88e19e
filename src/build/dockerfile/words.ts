import type { EscapeCharacter } from "./directive.ts";
import { isSpace } from "./white-space.ts";

/**
 * The words of ENV, LABEL and ARG. Quotes and escapes stay in the words, as the expansion of variables takes them out;
 * here they only say where a word ends. An escape character at the very end is dropped.
 */
export function splitPairWords(text: string, escapeCharacter: EscapeCharacter): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at]!;
    if (quote === "" && isSpace(char)) {
      if (word !== undefined && word !== "") words.push(word);
      word = undefined;
      continue;
    }
    word ??= "";
    if (char === escapeCharacter && quote !== "'") {
      if (at + 1 < text.length) word += char + text[++at]!;
      else quote = "";
      continue;
    }
    if (quote === "") quote = char === '"' || char === "'" ? char : "";
    else if (char === quote) quote = "";
    word += char;
  }
  if (word !== undefined && word !== "") words.push(word);
  return words;
}

/**
 * Takes the `--flags` off the start of an instruction's text. Their quotes are taken out here, and the escape is always
 * the backslash, whatever the directive says: so it is in BuildKit. A lone `--` ends them.
 */
export function splitFlags(text: string): { readonly flags: readonly string[]; readonly rest: string } {
  const flags: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text[at]!)) at++;
    if (!text.startsWith("--", at)) return { flags, rest: text.slice(at) };
    let flag = "";
    let quote = "";
    for (; at < text.length; at++) {
      const char = text[at]!;
      if (quote === "" && isSpace(char)) break;
      if (char === "\\") flag += text[++at] ?? "";
      else if (quote === "" && (char === '"' || char === "'")) quote = char;
      else if (char === quote) quote = "";
      else flag += char;
    }
    if (flag === "--") return { flags, rest: text.slice(at) };
    flags.push(flag);
  }
}

/** What the text of an exec form is: words, not JSON at all (then it is meant for a shell), or JSON of other things. */
export type JsonWords =
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "other" }
  | { readonly kind: "none" };

/** Reads `["a", "b"]`. Docker takes anything that JSON does not read as a shell command: `['a']` runs as one. */
export function readJsonWords(text: string): JsonWords {
  if (!text.startsWith("[")) return { kind: "none" };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "none" };
  }
  if (!Array.isArray(value)) return { kind: "none" };
  if (!value.every((word) => typeof word === "string")) return { kind: "other" };
  // Lone surrogates cannot be written as UTF-8; Go puts U+FFFD in their place, and so do we.
  return { kind: "words", words: value.map((word) => word.toWellFormed()) };
}
