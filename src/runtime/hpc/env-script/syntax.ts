// The part of the shell's language (POSIX.1-2017, XCU chapter 2) that env scripts of images are written in: assignments,
// export, unset, if, case, "." and test. What goes beyond it is for a real shell.

/** A script that only a shell can read. */
export class NeedsShell extends Error {
  constructor(what: string) {
    super(`only a shell can read this: ${what}`);
    this.name = "NeedsShell";
  }
}

/** A piece of a word. Text is `quoted` where blanks and "*" in it are no more than letters. */
export type Part =
  | { readonly kind: "text"; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly quoted: boolean;
      /** As in ${NAME:-word}. */
      readonly operator?: ":-" | "-" | ":+" | "+";
      readonly word?: Word;
    };

export type Word = readonly Part[];

export interface Assignment {
  readonly name: string;
  readonly value: Word;
}

export type Command =
  | { readonly kind: "simple"; readonly assignments: readonly Assignment[]; readonly words: readonly Word[] }
  | { readonly kind: "and" | "or"; readonly left: Command; readonly right: Command }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly condition: List; readonly body: List }[];
      readonly otherwise: List;
    }
  | {
      readonly kind: "case";
      readonly subject: Word;
      readonly items: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
    }
  /** It can be skipped, and not be carried out. */
  | { readonly kind: "loop" };

export type List = readonly Command[];

export const namePattern = /^[A-Za-z_][A-Za-z0-9_]*$/;
