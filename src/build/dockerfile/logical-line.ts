import { DirectiveReader, type Directives, type EscapeCharacter } from "./directive.ts";
import type { SourceLine } from "./source-line.ts";
import { trimEnd, trimSpace, trimStart } from "./white-space.ts";

/** Lines that belong together: continuations are joined, comments between them are gone. */
export interface LogicalLine {
  readonly text: string;
  readonly from: number;
  readonly to: number;
  /** The comment lines right above. */
  readonly comments: readonly string[];
  /** Numbers of empty lines between continued ones. */
  readonly gaps: readonly number[];
}

/**
 * Reads a file from top to bottom. The lines of a heredoc are taken by `takeLine()`, by whoever has read the instruction
 * before them: only the instruction knows whether there is a heredoc.
 */
export class LogicalLineReader {
  readonly #lines: readonly SourceLine[];
  readonly #directives: DirectiveReader;
  #next = 0;

  constructor(lines: readonly SourceLine[], file: string) {
    this.#lines = lines;
    this.#directives = new DirectiveReader(file);
  }

  get directives(): Directives {
    return this.#directives.directives;
  }

  takeLine(): SourceLine | undefined {
    const line = this.#lines[this.#next];
    if (line !== undefined) this.#next++;
    return line;
  }

  /** The next line that is neither empty nor a comment, or undefined at the end. */
  takeLogicalLine(): LogicalLine | undefined {
    let comments: string[] = [];
    for (let line = this.takeLine(); line !== undefined; line = this.takeLine()) {
      const text = trimStart(line.text);
      if (this.#directives.read(text, line.number)) continue;
      if (text === "") comments = [];
      else if (text.startsWith("#")) {
        const comment = trimSpace(text.slice(1));
        comments = comment === "" ? [] : [...comments, comment];
      } else return this.#join(text, line.number, comments);
    }
    return undefined;
  }

  #join(first: string, from: number, comments: readonly string[]): LogicalLine {
    const escapeCharacter = this.directives.escape;
    const gaps: number[] = [];
    let to = from;
    let part = cutContinuation(first, escapeCharacter);
    let text = part ?? first;
    while (part !== undefined) {
      const line = this.takeLine();
      if (line === undefined) break;
      to = line.number;
      const bare = trimStart(line.text);
      if (bare.startsWith("#")) continue;
      if (bare === "") {
        gaps.push(line.number);
        continue;
      }
      // The blanks at the start of a continued line are kept: BuildKit keeps them, and quoted text needs them.
      part = cutContinuation(line.text, escapeCharacter);
      text += part ?? line.text;
    }
    return { text, from, to, comments, gaps };
  }
}

/**
 * The line without the escape character at its end, or undefined when it is not continued. An escaped escape character
 * does not continue a line (docker/for-win issue 5254).
 */
function cutContinuation(line: string, escapeCharacter: EscapeCharacter): string | undefined {
  const bare = trimEnd(line, (char) => char === " " || char === "\t");
  if (!bare.endsWith(escapeCharacter) || bare.at(-2) === escapeCharacter) return undefined;
  return bare.slice(0, -1);
}
