import { ShellWordFault, type ShellWordOptions, ShellWordReader } from "./shell-word.ts";
import { isSpace, trimStart } from "./white-space.ts";

/** The mark of a heredoc: `<<EOF`, `3<<-"EOF"`. */
export interface HeredocMark {
  /** The line that ends it. */
  readonly name: string;
  /** Tabs at the start of its lines are no part of it. */
  readonly cutsTabs: boolean;
  /** Variables are put into it: the name is not quoted. */
  readonly expands: boolean;
  readonly fileDescriptor: number;
}

/** A heredoc with its lines. */
export interface Heredoc extends HeredocMark {
  /** As it stands in the file, line ends included. */
  readonly content: string;
}

/** The lines of a heredoc as they are meant: of `<<-`, without the tabs that lead them. */
export function heredocText(heredoc: Heredoc): string {
  return heredoc.cutsTabs ? heredoc.content.replace(/(^|\n)\t+/g, "$1") : heredoc.content;
}

/**
 * The marks in a line, in order. As in BuildKit a line whose quotes or `${}` do not close has none, and `<<` in
 * arithmetic (`$((1 << 2))`) counts as a mark; `$((1<<2))` does not.
 */
export function findHeredocs(line: string): readonly HeredocMark[] {
  if (!line.includes("<<")) return [];
  const words = readWords(line, { escape: "\\", rawQuotes: true, rawEscapes: true, keepUnset: true });
  return (words ?? []).flatMap((word) => parseHeredocMark(word) ?? []);
}

/** Reads one word as the mark of a heredoc, or returns undefined when it is none. */
export function parseHeredocMark(word: string): HeredocMark | undefined {
  const digits = /^\d*/.exec(word)?.[0] ?? "";
  const mark = word.slice(digits.length);
  if (!mark.startsWith("<<")) return undefined;
  const cutsTabs = mark.startsWith("<<-");
  const rest = trimStart(mark.slice(cutsTabs ? 3 : 2));
  if (rest === "" || rest.includes("<")) return undefined;
  const bare = readWords(rest, { escape: "\\", keepUnset: true });
  const raw = readWords(rest, { escape: "\\", keepUnset: true, rawQuotes: true });
  const [name, rawName] = [bare?.[0], raw?.[0]];
  if (bare?.length !== 1 || name === undefined || rawName === undefined) return undefined;
  return {
    name,
    cutsTabs,
    // A quote that is escaped is in both; one that quotes is in the raw name alone.
    expands: quotesIn(name) === quotesIn(rawName),
    fileDescriptor: digits === "" ? 0 : Number(digits),
  };
}

function quotesIn(text: string): number {
  return [...text].filter((char) => char === "'" || char === '"').length;
}

function readWords(text: string, options: ShellWordOptions): readonly string[] | undefined {
  try {
    return new ShellWordReader(text, new Map(), options).read().words;
  } catch (error) {
    if (error instanceof ShellWordFault) return undefined;
    throw error;
  }
}

/**
 * Words parted by blanks, where the mark of a heredoc may hold blanks itself (`<< EOF`). Quotes do not hold words
 * together: so it is for COPY and ADD in Docker, which have the JSON form for names with blanks.
 */
export function joinHeredocWords(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const last = joined.at(-1);
    if (last !== undefined && /^\d*<<-?$/.test(last) && !isSpace(word[0] ?? " "))
      joined[joined.length - 1] = last + word;
    else joined.push(word);
  }
  return joined;
}
