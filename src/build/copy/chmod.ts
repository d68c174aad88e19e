import type { SourceRange } from "#spec";
import { modeInvalid } from "../error.ts";

/** Gives the mode of a file from its old one. */
export type ModeChange = (mode: number, isFolder: boolean) => number;

/** Reads `--chmod`: octal digits, or the letters of chmod(1), such as `u=rwX,go-w`. */
export function parseChmod(text: string, where: SourceRange | undefined): ModeChange {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8) & 0o7777;
    return () => mode;
  }
  const changes = text.split(",").map((clause) => parseClause(clause) ?? refuse(text, where));
  return (mode, isFolder) => changes.reduce((current, change) => change(current, isFolder), mode);
}

function refuse(text: string, where: SourceRange | undefined): never {
  throw modeInvalid(text, where);
}

function parseClause(clause: string): ModeChange | undefined {
  const [, who = "", actions = ""] = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(clause) ?? [];
  if (actions === "") return undefined;
  const classes = who === "" || who.includes("a") ? "ugo" : who;
  return (mode, isFolder) => {
    let current = mode;
    for (const [, action, letters = ""] of actions.matchAll(/([-+=])([rwxXst]*)/g)) {
      const bits = bitsOf(classes, letters, isFolder || (mode & 0o111) !== 0);
      const all = bitsOf(classes, "rwx", false);
      current = action === "+" ? current | bits : action === "-" ? current & ~bits : (current & ~all) | bits;
    }
    return current;
  };
}

const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

function bitsOf(classes: string, letters: string, mayEnter: boolean): number {
  let bits = 0;
  for (const letter of letters) {
    if (letter === "t") bits |= 0o1000;
    if (letter === "s") bits |= (classes.includes("u") ? 0o4000 : 0) | (classes.includes("g") ? 0o2000 : 0);
    const one =
      letter === "r" ? 4 : letter === "w" ? 2 : letter === "x" || (letter === "X" && mayEnter) ? 1 : 0;
    for (const name of classes) bits |= one << (shifts[name] ?? 0);
  }
  return bits;
}
