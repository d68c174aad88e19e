import type { EscapeCharacter } from "./directive.ts";
import { cutPrefix, cutSuffix, type PatternStep, readPattern, replaceMatches } from "./shell-pattern.ts";
import { isSpace } from "./white-space.ts";
import { WordList } from "./word-list.ts";

/** How a text is read. Everything off is what most instructions want. */
export interface ShellWordOptions {
  readonly escape: EscapeCharacter;
  /** Keep quotes in the result. */
  readonly rawQuotes?: boolean;
  /** Keep escape characters in the result. */
  readonly rawEscapes?: boolean;
  /** Leave `$name` of unknown variables as it is. */
  readonly keepUnset?: boolean;
  /** Quotes are characters like others: the contents of heredocs. */
  readonly quotesArePlain?: boolean;
}

/** What is wrong with a text; expand() makes an error with a place of it. */
export class ShellWordFault extends Error {}

/** `${v:?message}` with a variable that is missing. */
export class VariableMissing extends ShellWordFault {
  readonly variable: string;

  constructor(variable: string, message: string) {
    super(message);
    this.variable = variable;
  }
}

/** Deeper than anybody nests by hand; the call stack would end somewhere behind it. */
const deepest = 500;
/** Steps that one pattern may take: the length of the value times that of the pattern. */
const longest = 100_000_000;

const letter = /^[\p{L}\p{Nd}_]$/u;
const digit = /^\p{Nd}$/u;

/** Reads one text as Docker's own little shell does: quotes, escapes, `$name`, `${name...}`. */
export class ShellWordReader {
  readonly used = new Set<string>();
  readonly missing = new Set<string>();
  /** Those of the missing that have no `:-`, `+` or `?` to say what then. */
  readonly unguarded = new Set<string>();
  readonly #chars: readonly string[];
  readonly #variables: ReadonlyMap<string, string>;
  readonly #options: ShellWordOptions;
  #rawEscapes: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, variables: ReadonlyMap<string, string>, options: ShellWordOptions) {
    this.#chars = [...text];
    this.#variables = variables;
    this.#options = options;
    this.#rawEscapes = options.rawEscapes ?? false;
  }

  /** Reads to the end, or to `stop`, which is taken. */
  read(stop?: "}" | "/"): { readonly text: string; readonly words: readonly string[] } {
    if (++this.#depth > deepest) throw new ShellWordFault("it is nested too deeply");
    const parts: string[] = [];
    const words = new WordList();
    for (let char = this.#peek(); char !== undefined; char = this.#peek()) {
      if (char === stop) {
        this.#at++;
        this.#depth--;
        return { text: parts.join(""), words: words.finish() };
      }
      const part = this.#readPart(char);
      parts.push(part.text);
      if (part.quoted) words.addQuoted(part.text);
      else words.add(part.text);
    }
    if (stop !== undefined) throw new ShellWordFault(`the "${stop}" is missing`);
    return { text: parts.join(""), words: words.finish() };
  }

  #readPart(char: string): { readonly text: string; readonly quoted: boolean } {
    if (char === "$") return { text: this.#readDollar(), quoted: false };
    if (this.#options.quotesArePlain !== true) {
      if (char === "'") return { text: this.#readSingleQuotes(), quoted: true };
      if (char === '"') return { text: this.#readDoubleQuotes(), quoted: true };
      if (char === "<") return { text: this.#readHeredocMark(), quoted: true };
    }
    this.#at++;
    if (char !== this.#options.escape) return { text: char, quoted: false };
    const escaped = this.#take() ?? "";
    return { text: this.#rawEscapes ? char + escaped : escaped, quoted: true };
  }

  /** `<<` takes the blanks behind it along, so that `<< EOF` is one word. */
  #readHeredocMark(): string {
    this.#at++;
    if (this.#peek() !== "<") return "<";
    let mark = "<<";
    this.#at++;
    for (let char = this.#peek(); char !== undefined && isSpace(char); char = this.#peek()) {
      mark += char;
      this.#at++;
    }
    return mark;
  }

  #readSingleQuotes(): string {
    const end = this.#chars.indexOf("'", this.#at + 1);
    if (end < 0) throw new ShellWordFault("a single quote is not closed");
    const inside = this.#chars.slice(this.#at + 1, end).join("");
    this.#at = end + 1;
    return this.#options.rawQuotes === true ? `'${inside}'` : inside;
  }

  #readDoubleQuotes(): string {
    const escapeCharacter = this.#options.escape;
    const parts: string[] = [];
    this.#at++;
    for (let char = this.#peek(); char !== '"'; char = this.#peek()) {
      if (char === undefined) throw new ShellWordFault("a double quote is not closed");
      if (char === "$") {
        parts.push(this.#readDollar());
        continue;
      }
      this.#at++;
      if (char !== escapeCharacter) {
        parts.push(char);
        continue;
      }
      // Only these can be escaped between double quotes; before others the escape character stands for itself.
      const next = this.#peek();
      if (this.#rawEscapes) parts.push(char);
      if (next === undefined) continue;
      if (next === '"' || next === "$" || next === escapeCharacter) {
        parts.push(next);
        this.#at++;
      } else parts.push(char);
    }
    this.#at++;
    const inside = parts.join("");
    return this.#options.rawQuotes === true ? `"${inside}"` : inside;
  }

  #readDollar(): string {
    this.#at++;
    if (this.#peek() !== "{") {
      const name = this.#readName();
      if (name === "") return "$";
      return this.#lookUp(name) ?? (this.#options.keepUnset === true ? `$${name}` : "");
    }
    this.#at++;
    const first = this.#peek();
    if (first === undefined) throw new ShellWordFault('the "}" is missing');
    if (first === "{" || first === "}" || first === ":") throw new ShellWordFault("it names no variable");
    const name = this.#readName();
    let modifier = this.#take();
    if (modifier === undefined) throw new ShellWordFault('the "}" is missing');
    if (modifier === "}")
      return this.#lookUp(name) ?? (this.#options.keepUnset === true ? `\${${name}}` : "");
    if (modifier === "/") return this.#readReplacement(name);
    const colon = modifier === ":";
    if (colon) modifier = this.#take() ?? "";
    if (!["-", "+", "?", "#", "%"].includes(modifier))
      throw new ShellWordFault(`"${colon ? ":" : ""}${modifier}" is no way to change a variable`);
    const word = this.#readArgument("}", modifier === "#" || modifier === "%");
    return this.#modify(name, colon, modifier, word);
  }

  #modify(name: string, colon: boolean, modifier: string, word: string): string {
    const value = this.#lookUp(name, "-+?".includes(modifier) ? "guarded" : "bare");
    if (value === undefined && this.#options.keepUnset === true)
      return `\${${name}${colon ? ":" : ""}${modifier}${word}}`;
    const present = value !== undefined && !(colon && value === "");
    switch (modifier) {
      case "-":
        return present ? value : word;
      case "+":
        return present ? word : "";
      case "?":
        if (present) return value;
        throw new VariableMissing(name, word);
      default: {
        const twice = word.startsWith(modifier);
        const steps = this.#pattern(twice ? word.slice(1) : word, value ?? "");
        const cut = modifier === "%" ? cutSuffix : cutPrefix;
        return cut(value ?? "", steps, twice ? "longest" : "shortest");
      }
    }
  }

  #readReplacement(name: string): string {
    const all = this.#peek() === "/";
    if (all) this.#at++;
    const pattern = this.#readArgument("/", true);
    const replacement = this.#readArgument("}", true);
    const value = this.#lookUp(name);
    if (value === undefined && this.#options.keepUnset === true)
      return `\${${name}/${pattern}/${replacement}}`;
    const steps = this.#pattern(pattern, value ?? "");
    return replaceMatches(value ?? "", steps, replacement, all ? "all" : "first");
  }

  #readArgument(stop: "}" | "/", rawEscapes: boolean): string {
    const outside = this.#rawEscapes;
    this.#rawEscapes = rawEscapes;
    const { text } = this.read(stop);
    this.#rawEscapes = outside;
    return text;
  }

  #pattern(text: string, value: string): readonly PatternStep[] {
    if (text.length * value.length > longest) throw new ShellWordFault("the pattern is too long");
    const steps = readPattern(text);
    if (typeof steps === "string") throw new ShellWordFault(steps);
    return steps;
  }

  /** A name, a number, or one of the special parameters of a shell, none of which is ever set. */
  #readName(): string {
    const first = this.#peek();
    if (first === undefined) return "";
    if (!digit.test(first) && "@*#?-$!".includes(first)) {
      this.#at++;
      return first;
    }
    const wanted = digit.test(first) ? digit : letter;
    let name = "";
    for (let char = this.#peek(); char !== undefined && wanted.test(char); char = this.#peek()) {
      name += char;
      this.#at++;
    }
    return name;
  }

  #lookUp(name: string, guard: "guarded" | "bare" = "bare"): string | undefined {
    const value = this.#variables.get(name);
    if (value === undefined && guard === "bare") this.unguarded.add(name);
    (value === undefined ? this.missing : this.used).add(name);
    return value;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #take(): string | undefined {
    const char = this.#chars[this.#at];
    if (char !== undefined) this.#at++;
    return char;
  }
}
