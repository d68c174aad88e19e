import type { SourceRange } from "#spec";
import { directiveRepeated, escapeInvalid } from "./error.ts";
import { trimSpace, trimStart } from "./white-space.ts";

/** The character that continues a line and takes the meaning from the next one. */
export type EscapeCharacter = "\\" | "`";

/** What `# name=value` at the very top of the file says. */
export interface Directives {
  /** The frontend that the author asks for. Vial reads every file by itself; see docs/dockerfile.md. */
  readonly syntax?: string;
  readonly escape: EscapeCharacter;
  /** `skip=...;error=true`, for the linter. */
  readonly check?: string;
}

const known = ["syntax", "escape", "check"] as const;

/** Takes the lines of a file one by one. The first that is no directive ends them, wherever it stands. */
export class DirectiveReader {
  readonly #file: string;
  readonly #found = new Map<string, string>();
  #open = true;

  constructor(file: string) {
    this.#file = file;
  }

  /** Tells whether the line was a directive. */
  read(line: string, number: number): boolean {
    if (!this.#open) return false;
    const [name, value] = partsOf(line) ?? [];
    if (name === undefined || value === undefined) {
      this.#open = false;
      return false;
    }
    const where: SourceRange = { file: this.#file, from: number, to: number };
    if (this.#found.has(name)) throw directiveRepeated(name, where);
    if (name === "escape" && value !== "\\" && value !== "`") throw escapeInvalid(value, where);
    this.#found.set(name, value);
    return true;
  }

  get directives(): Directives {
    const [syntax, check] = [this.#found.get("syntax"), this.#found.get("check")];
    return {
      escape: this.#found.get("escape") === "`" ? "`" : "\\",
      ...(syntax === undefined ? {} : { syntax }),
      ...(check === undefined ? {} : { check }),
    };
  }
}

function partsOf(line: string): readonly [string, string] | undefined {
  if (!line.startsWith("#")) return undefined;
  const head = /^([a-zA-Z][a-zA-Z0-9]*)\s*=/.exec(trimStart(line.slice(1)));
  const name = head?.[1]?.toLowerCase();
  if (head === null || !known.some((one) => one === name)) return undefined;
  const value = trimSpace(trimStart(line.slice(1)).slice(head[0].length));
  return name === undefined || value === "" ? undefined : [name, value];
}
