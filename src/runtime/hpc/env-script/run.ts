import { parseScript } from "./parse.ts";
import { type Command, type List, namePattern, NeedsShell, type Word } from "./syntax.ts";
import { splitAssignment } from "./words.ts";

/** What a script may look at. */
export interface ScriptFiles {
  isFile(path: string): boolean;
  isFolder(path: string): boolean;
  exists(path: string): boolean;
  isExecutable(path: string): boolean;
  /** Undefined for what is no file of a usual size. */
  read(path: string): string | undefined;
}

/** One string of an environment is at most that long (execve(2), MAX_ARG_STRLEN). */
const maxValue = 128 * 1024;
const maxSteps = 10_000;
const maxDepth = 10;

/** Names that shells give a meaning of their own, or keep as they are. */
const special = new Set(
  "IFS PWD OLDPWD OPTIND OPTARG PPID UID EUID PS4 ENV BASH_ENV SHELLOPTS BASHOPTS LINENO RANDOM SECONDS CDPATH _".split(
    " ",
  ),
);

/** The variables of a shell as scripts change them. Whoever meets NeedsShell starts over with a shell: nothing was done yet. */
export class ScriptVariables {
  readonly #values: Map<string, string>;
  readonly #exported: Set<string>;
  readonly #files: ScriptFiles;
  #steps = 0;
  #depth = 0;

  constructor(environment: Readonly<Record<string, string>>, files: ScriptFiles) {
    this.#values = new Map(Object.entries(environment));
    this.#exported = new Set(this.#values.keys());
    this.#files = files;
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  export(name: string, value: string): void {
    if (value.length > maxValue) throw new NeedsShell("a long value");
    this.#values.set(name, value);
    this.#exported.add(name);
  }

  unset(name: string): void {
    this.#values.delete(name);
    this.#exported.delete(name);
  }

  /** What a program gets. */
  environment(): Record<string, string> {
    return Object.fromEntries([...this.#values].filter(([name]) => this.#exported.has(name)));
  }

  /** Carries out a script. `all`: what it sets is exported (`set -a`). Throws NeedsShell. */
  run(text: string, exports: "asked" | "all" = "asked"): void {
    if (++this.#depth > maxDepth) throw new NeedsShell("too deep");
    // Bytes that are no UTF-8 would come out as others.
    if (/[\0\ufffd]/.test(text)) throw new NeedsShell("bytes that are no text");
    this.#runList(parseScript(text), exports === "all");
    this.#depth--;
  }

  #runList(list: List, all: boolean): boolean {
    let result = true;
    for (const command of list) result = this.#runCommand(command, all);
    return result;
  }

  /** True where its exit status is 0. */
  #runCommand(command: Command, all: boolean): boolean {
    if (++this.#steps > maxSteps) throw new NeedsShell("too long");
    switch (command.kind) {
      case "simple":
        return this.#runSimple(command, all);
      case "and":
        return this.#runCommand(command.left, all) && this.#runCommand(command.right, all);
      case "or":
        return this.#runCommand(command.left, all) || this.#runCommand(command.right, all);
      case "if": {
        const branch = command.branches.find(({ condition }) => this.#runList(condition, all));
        return this.#runList(branch?.body ?? command.otherwise, all);
      }
      case "case": {
        const subject = this.#expand(command.subject);
        const item = command.items.find(({ patterns }) =>
          patterns.some((pattern) => this.#fits(subject, pattern)),
        );
        return this.#runList(item?.body ?? [], all);
      }
      case "loop":
        throw new NeedsShell("a loop");
      default:
        return command satisfies never;
    }
  }

  #runSimple({ assignments, words }: Extract<Command, { kind: "simple" }>, all: boolean): boolean {
    if (words.length === 0) {
      for (const { name, value } of assignments) this.#assign(name, this.#expand(value), all);
      return true;
    }
    if (assignments.length > 0) throw new NeedsShell("a variable for one command");
    const [first = [], ...others] = words;
    const name = this.#field(first);
    switch (name) {
      case ":":
      case "true":
        for (const word of others) this.#field(word);
        return true;
      case "false":
        return false;
      case "export":
        for (const word of others) this.#export(word);
        return true;
      case "unset":
        for (const word of others) this.#unset(this.#field(word));
        return true;
      case ".":
        return this.#source(others, all);
      case "test":
        return this.#test(others.map((word) => this.#field(word)));
      case "[": {
        const fields = others.map((word) => this.#field(word));
        if (fields.pop() !== "]") throw new NeedsShell("[ without ]");
        return this.#test(fields);
      }
      default:
        throw new NeedsShell(name);
    }
  }

  #assign(name: string, value: string, all: boolean): void {
    if (special.has(name) || value.length > maxValue) throw new NeedsShell(name);
    this.#values.set(name, value);
    if (all) this.#exported.add(name);
  }

  #export(word: Word): void {
    const assignment = splitAssignment(word);
    if (assignment === undefined) {
      const name = this.#field(word);
      if (!namePattern.test(name)) throw new NeedsShell(`export ${name}`);
      this.#exported.add(name);
      return;
    }
    const value = this.#field(assignment.value, "may be empty");
    this.#assign(assignment.name, value, true);
  }

  #unset(name: string): void {
    if (!namePattern.test(name) || special.has(name)) throw new NeedsShell(`unset ${name}`);
    this.unset(name);
  }

  #source(words: readonly Word[], all: boolean): boolean {
    const [path = [], ...more] = words;
    const file = this.#field(path);
    const text = more.length === 0 && file.startsWith("/") ? this.#files.read(file) : undefined;
    if (text === undefined) throw new NeedsShell(`. ${file}`);
    this.run(text, all ? "all" : "asked");
    return true;
  }

  #test(fields: readonly string[]): boolean {
    const [first = "", second = "", third = ""] = fields;
    if (fields.length === 0) return false;
    if (fields.length === 1) return first !== "";
    if (fields.length === 2) {
      switch (first) {
        case "-n":
          return second !== "";
        case "-z":
          return second === "";
        case "-f":
          return this.#files.isFile(second);
        case "-d":
          return this.#files.isFolder(second);
        case "-e":
          return this.#files.exists(second);
        case "-x":
          return this.#files.isExecutable(second);
        case "!":
          return second === "";
        default:
          throw new NeedsShell(`test ${first}`);
      }
    }
    if (fields.length === 3 && second === "=") return first === third;
    if (fields.length === 3 && second === "!=") return first !== third;
    if (fields.length === 3 && first === "!") return !this.#test([second, third]);
    throw new NeedsShell("test");
  }

  /** A word as the value of an assignment: it is not split. */
  #expand(word: Word): string {
    let result = "";
    for (const [index, part] of word.entries()) {
      if (part.kind === "text") {
        // "~" is a home at the beginning of a value, and behind a colon.
        if (!part.quoted && /(^|:)~/.test(part.text) && (index === 0 || part.text.includes(":~")))
          throw new NeedsShell("~");
        result += part.text;
      } else result += this.#variable(part, (inner) => this.#expand(inner));
      if (result.length > maxValue) throw new NeedsShell("a long value");
    }
    return result;
  }

  /** A word of a command, where it is exactly one field: what would be split, or looked for among files, is not. */
  #field(word: Word, empty: "may be empty" | "must not be" = "must not be"): string {
    let result = "";
    let isQuoted = false;
    for (const part of word) {
      isQuoted ||= part.quoted;
      const text =
        part.kind === "text"
          ? part.text
          : this.#variable(part, (inner) => this.#field(inner, "may be empty"));
      if (!part.quoted && /[\s*?\\~]|\[./.test(text)) throw new NeedsShell(text);
      result += text;
      if (result.length > maxValue) throw new NeedsShell("a long value");
    }
    if (result === "" && !isQuoted && empty === "must not be") throw new NeedsShell("an empty word");
    return result;
  }

  #variable(
    { name, operator, word = [] }: Extract<Word[number], { kind: "variable" }>,
    expand: (word: Word) => string,
  ): string {
    if (special.has(name)) throw new NeedsShell(name);
    const value = this.#values.get(name);
    const isGiven = operator?.startsWith(":") === true ? (value ?? "") !== "" : value !== undefined;
    if (operator === undefined) return value ?? "";
    if (operator.endsWith("-")) return isGiven ? (value ?? "") : expand(word);
    return isGiven ? expand(word) : "";
  }

  /** Pattern matching of case: "*" and "?", where they are not quoted. */
  #fits(subject: string, pattern: Word): boolean {
    let source = "";
    // Each one more multiplies the ways in which a long value could fit.
    if (
      pattern.reduce((sum, part) => sum + (part.kind === "text" ? part.text.split("*").length - 1 : 0), 0) > 4
    )
      throw new NeedsShell("a pattern");
    for (const part of pattern) {
      const text = part.kind === "text" ? part.text : this.#variable(part, (word) => this.#expand(word));
      if (part.quoted) source += literal(text);
      else if (part.kind === "variable" || /[[\\~]/.test(text)) throw new NeedsShell(text);
      else
        source += text
          .split(/([*?])/)
          .map(wildcard)
          .join("");
    }
    return new RegExp(`^${source}$`, "s").test(subject);
  }
}

function wildcard(text: string): string {
  return text === "*" ? ".*" : text === "?" ? "." : literal(text);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
