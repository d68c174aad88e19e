import type { SourceRange } from "#spec";
import { substitutionInvalid, variableRequired } from "./error.ts";
import type { EscapeCharacter } from "./directive.ts";
import { ShellWordFault, type ShellWordOptions, ShellWordReader, VariableMissing } from "./shell-word.ts";

/** The variables of a place in a recipe. */
export type Variables = ReadonlyMap<string, string>;

export interface Expansion {
  readonly text: string;
  /** The text cut at blanks that are neither quoted nor escaped, after the variables are put in. */
  readonly words: readonly string[];
  /** Names that were asked for and found. */
  readonly used: ReadonlySet<string>;
  /** Names that were asked for in vain. */
  readonly missing: ReadonlySet<string>;
  /** Those of the missing for which the text does not say what then, as `${name:-default}` does. */
  readonly unguarded: ReadonlySet<string>;
}

/**
 * Puts variables into a text and takes quotes and escapes out, as Docker does for every instruction but RUN, CMD and
 * ENTRYPOINT, whose variables belong to the shell in the container.
 */
export function expand(
  text: string,
  variables: Variables,
  options: ShellWordOptions,
  where?: SourceRange,
): Expansion {
  const reader = new ShellWordReader(text, variables, options);
  try {
    const { used, missing, unguarded } = reader;
    return { ...reader.read(), used, missing, unguarded };
  } catch (error) {
    if (error instanceof VariableMissing)
      throw variableRequired(error.variable, error.message === "" ? undefined : error.message, where);
    if (error instanceof ShellWordFault) throw substitutionInvalid(text, error.message, where);
    throw error;
  }
}

/** One text to one text. */
export function expandWord(
  text: string,
  variables: Variables,
  escapeCharacter: EscapeCharacter = "\\",
  where?: SourceRange,
): string {
  return expand(text, variables, { escape: escapeCharacter }, where).text;
}

/** One text to words: EXPOSE, where a variable may hold several ports. */
export function expandWords(
  text: string,
  variables: Variables,
  escapeCharacter: EscapeCharacter = "\\",
  where?: SourceRange,
): readonly string[] {
  return expand(text, variables, { escape: escapeCharacter }, where).words;
}

/** The content of a heredoc: variables and backslashes count, quotes are characters like others. */
export function expandHeredoc(content: string, variables: Variables, where?: SourceRange): string {
  return expand(content, variables, { escape: "\\", quotesArePlain: true }, where).text;
}
