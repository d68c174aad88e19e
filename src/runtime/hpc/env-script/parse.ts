import { type Command, type List, namePattern, NeedsShell, type Word } from "./syntax.ts";
import { plainText, readTokens, splitAssignment, type Token } from "./words.ts";

const reserved = new Set(
  "if then elif else fi case esac for while until do done in { } ! function select time [[".split(" "),
);

/** Parses a script. Throws NeedsShell for what lies beyond the part of the language that is read here. */
export function parseScript(text: string): List {
  const parser = new Parser(readTokens(text));
  const list = parser.list([]);
  parser.end();
  return list;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #token(): Token {
    return this.#tokens[this.#at] ?? { kind: "sign", sign: "end" };
  }

  end(): void {
    if (!this.#isSign("end")) throw new NeedsShell("what follows");
  }

  #isSign(...signs: readonly string[]): boolean {
    const token = this.#token;
    return token.kind === "sign" && signs.includes(token.sign);
  }

  #reservedWord(): string | undefined {
    const token = this.#token;
    const text = token.kind === "word" ? plainText(token.word) : undefined;
    return text !== undefined && reserved.has(text) ? text : undefined;
  }

  #expect(word: string): void {
    if (this.#reservedWord() !== word) throw new NeedsShell(`no "${word}"`);
    this.#at++;
  }

  #skipNewlines(): void {
    while (this.#isSign("newline")) this.#at++;
  }

  /** Commands up to one of the reserved words `ends`, or the end. */
  list(ends: readonly string[]): List {
    if (++this.#depth > 50) throw new NeedsShell("too deep");
    const commands: Command[] = [];
    for (;;) {
      while (this.#isSign("newline", ";")) this.#at++;
      if (this.#isSign("end", ";;", ")") || ends.includes(this.#reservedWord() ?? "")) break;
      commands.push(this.#andOr());
      if (!this.#isSign("newline", ";", "end", ";;", ")")) throw new NeedsShell("a sign after a command");
    }
    this.#depth--;
    return commands;
  }

  #andOr(): Command {
    let left = this.#command();
    while (this.#isSign("&&", "||")) {
      const kind = this.#isSign("&&") ? "and" : "or";
      this.#at++;
      this.#skipNewlines();
      left = { kind, left, right: this.#command() };
    }
    return left;
  }

  #command(): Command {
    const word = this.#reservedWord();
    if (word === "if") return this.#if();
    if (word === "case") return this.#case();
    if (word === "for" || word === "while" || word === "until") return this.#loop();
    if (word !== undefined) throw new NeedsShell(`"${word}"`);
    return this.#simple();
  }

  #if(): Command {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List = [];
    do {
      this.#at++;
      const condition = this.list(["then"]);
      this.#expect("then");
      branches.push({ condition, body: this.list(["elif", "else", "fi"]) });
    } while (this.#reservedWord() === "elif");
    if (this.#reservedWord() === "else") {
      this.#at++;
      otherwise = this.list(["fi"]);
    }
    this.#expect("fi");
    return { kind: "if", branches, otherwise };
  }

  #case(): Command {
    this.#at++;
    const subject = this.#word();
    this.#skipNewlines();
    this.#expect("in");
    const items: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      this.#skipNewlines();
      if (this.#reservedWord() === "esac") break;
      if (this.#isSign("(")) this.#at++;
      const patterns = [this.#word()];
      while (this.#isSign("|")) {
        this.#at++;
        patterns.push(this.#word());
      }
      if (!this.#isSign(")")) throw new NeedsShell("a case");
      this.#at++;
      items.push({ patterns, body: this.list(["esac"]) });
      if (this.#isSign(";;")) this.#at++;
      else if (this.#reservedWord() !== "esac") throw new NeedsShell("a case");
    }
    this.#at++;
    return { kind: "case", subject, items };
  }

  /** Up to its "done". */
  #loop(): Command {
    while (this.#reservedWord() !== "do") {
      if (this.#isSign("end")) throw new NeedsShell("a loop");
      this.#at++;
    }
    this.#at++;
    this.list(["done"]);
    this.#expect("done");
    return { kind: "loop" };
  }

  #word(): Word {
    const token = this.#token;
    if (token.kind !== "word") throw new NeedsShell("no word");
    this.#at++;
    return token.word;
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    for (let token = this.#token; token.kind === "word"; token = this.#token) {
      const assignment = words.length === 0 ? splitAssignment(token.word) : undefined;
      if (assignment === undefined) words.push(token.word);
      else assignments.push(assignment);
      this.#at++;
    }
    if (this.#isSign("(", "|")) throw new NeedsShell("( or |");
    if (assignments.length === 0 && words.length === 0) throw new NeedsShell("no command");
    if (assignments.some(({ name }) => !namePattern.test(name))) throw new NeedsShell("a name");
    return { kind: "simple", assignments, words };
  }
}
