import { namePattern, NeedsShell, type Part, type Word } from "./syntax.ts";

/** What a script is made of, before its grammar: words, and the signs between them. */
export type Token =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "sign"; readonly sign: ";" | ";;" | "&&" | "||" | "|" | "(" | ")" | "newline" | "end" };

const blanks = " \t";
const wordEnds = " \t\n;&|()<>";

/** Reads a script into tokens. Throws NeedsShell. */
export function readTokens(text: string): readonly Token[] {
  const reader = new Reader(text);
  const tokens: Token[] = [];
  for (;;) {
    const token = reader.next();
    tokens.push(token);
    if (token.kind === "sign" && token.sign === "end") return tokens;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skipBlanks();
    const letter = this.#text[this.#at];
    if (letter === undefined) return { kind: "sign", sign: "end" };
    if (letter === "\n") return this.#sign("newline", 1);
    for (const sign of [";;", "&&", "||", ";", "|", "(", ")"] as const)
      if (this.#text.startsWith(sign, this.#at)) return this.#sign(sign, sign.length);
    if (letter === "&" || letter === "<" || letter === ">") throw new NeedsShell(`"${letter}"`);
    return { kind: "word", word: this.#word() };
  }

  #sign(sign: Extract<Token, { kind: "sign" }>["sign"], length: number): Token {
    this.#at += length;
    return { kind: "sign", sign };
  }

  #skipBlanks(): void {
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter !== undefined && blanks.includes(letter)) this.#at++;
      else if (letter === "\\" && this.#text[this.#at + 1] === "\n") this.#at += 2;
      else if (letter === "#") {
        while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#at++;
      } else return;
    }
  }

  #word(): Word {
    const parts: Part[] = [];
    let plain = "";
    const flush = () => {
      if (plain !== "") parts.push({ kind: "text", text: plain, quoted: false });
      plain = "";
    };
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined || wordEnds.includes(letter)) break;
      if (letter === "'") {
        flush();
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end < 0) throw new NeedsShell("a quote without an end");
        parts.push({ kind: "text", text: this.#text.slice(this.#at + 1, end), quoted: true });
        this.#at = end + 1;
      } else if (letter === '"') {
        flush();
        this.#at++;
        parts.push(...this.#quoted('"'));
      } else if (letter === "\\") {
        flush();
        const next = this.#text[this.#at + 1];
        if (next === undefined) throw new NeedsShell("a backslash at the end");
        if (next !== "\n") parts.push({ kind: "text", text: next, quoted: true });
        this.#at += 2;
      } else if (letter === "$") {
        flush();
        parts.push(this.#variable(false));
      } else if (letter === "`") throw new NeedsShell("`");
      else {
        plain += letter;
        this.#at++;
      }
    }
    flush();
    return parts;
  }

  /** Up to `end`, which is passed: the rest of a text in double quotes, or of ${NAME:-word} in such. */
  #quoted(end: '"' | "}"): Part[] {
    const parts: Part[] = [];
    let text = "";
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === undefined) throw new NeedsShell("a quote without an end");
      if (letter === end) break;
      if (letter === "\\") {
        const next = this.#text[this.#at + 1] ?? "";
        // Within braces the closing one needs a backslash to be a letter.
        const escaped = end === "}" ? '$`"\\}' : '$`"\\';
        if (next !== "\n") text += next !== "" && escaped.includes(next) ? next : `\\${next}`;
        this.#at += 2;
      } else if (letter === "$") {
        parts.push({ kind: "text", text, quoted: true }, this.#variable(true));
        text = "";
      } else if (letter === "`" || letter === '"') throw new NeedsShell(letter);
      else {
        text += letter;
        this.#at++;
      }
    }
    this.#at++;
    parts.push({ kind: "text", text, quoted: true });
    return parts;
  }

  #variable(quoted: boolean): Part {
    const rest = this.#text.slice(this.#at + 1, this.#at + 1025);
    const plain = /^[A-Za-z_][A-Za-z0-9_]*/.exec(rest);
    if (plain !== null) {
      this.#at += 1 + plain[0].length;
      return { kind: "variable", name: plain[0], quoted };
    }
    const braced = /^\{([A-Za-z_][A-Za-z0-9_]*)(\}|:-|-|:\+|\+)/.exec(rest);
    if (braced === null) {
      // A dollar before a blank or a quote is a letter.
      if (/^[\s"']?$/.test(rest.slice(0, 1)) && quoted) {
        this.#at++;
        return { kind: "text", text: "$", quoted: true };
      }
      throw new NeedsShell(`$${rest.slice(0, 10)}`);
    }
    const [whole, name = "", sign = ""] = braced;
    this.#at += 1 + whole.length;
    if (sign === "}") return { kind: "variable", name, quoted };
    const operator = sign as ":-" | "-" | ":+" | "+";
    const word = quoted ? this.#quotedDefault() : this.#plainDefault();
    return { kind: "variable", name, quoted, operator, word };
  }

  /** The word of "${NAME:-word}": quotes in there are letters in some shells and quotes in others. */
  #quotedDefault(): Word {
    const parts = this.#quoted("}");
    if (parts.some((part) => part.kind === "text" && part.text.includes("'"))) throw new NeedsShell("'");
    return parts;
  }

  #plainDefault(): Word {
    const parts: Part[] = [];
    for (;;) {
      const letter = this.#text[this.#at];
      if (letter === "}") {
        this.#at++;
        return parts;
      }
      if (letter === '"') {
        this.#at++;
        parts.push(...this.#quoted('"'));
      } else if (letter === "$") parts.push(this.#variable(false));
      else if (letter !== undefined && /[A-Za-z0-9_./:@%+,=-]/.test(letter)) {
        parts.push({ kind: "text", text: letter, quoted: false });
        this.#at++;
      } else throw new NeedsShell("a default");
    }
  }
}

/** The word as written, where it is nothing but letters: a name of a command, or one of the shell's own words. */
export function plainText(word: Word): string | undefined {
  const [part, ...others] = word;
  return part?.kind === "text" && !part.quoted && others.length === 0 ? part.text : undefined;
}

/** NAME=value. */
export function splitAssignment(word: Word): { readonly name: string; readonly value: Word } | undefined {
  const [first, ...others] = word;
  if (first?.kind !== "text" || first.quoted) return undefined;
  const equals = first.text.indexOf("=");
  const name = first.text.slice(0, Math.max(equals, 0));
  if (equals < 0 || !namePattern.test(name)) return undefined;
  const rest = first.text.slice(equals + 1);
  return { name, value: rest === "" ? others : [{ ...first, text: rest }, ...others] };
}
