// Runs scripts in both ways by real shells: whole, as `SHELL -ex FILE`, and as steps.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { quoteWord } from "#kit";
import { makeSteps } from "../carry.ts";
import { readShell, type ScriptShell } from "../shell.ts";
import { type ScriptSplit, splitScript } from "../split.ts";

export interface Shell {
  readonly name: string;
  readonly shell: ScriptShell;
  /** The program that is really run. */
  readonly argv: readonly string[];
}

/** The shells of this machine. bash is there twice: called as sh, it is another one. */
export function findShells(folder: string): readonly Shell[] {
  const bash = Bun.which("bash");
  const bashAsSh = join(folder, "sh");
  if (bash !== null && !existsSync(bashAsSh)) symlinkSync(bash, bashAsSh);
  const known = [
    { name: "dash", program: "dash", shell: readShell(""), argv: ["dash"] },
    { name: "busybox", program: "busybox", shell: readShell(""), argv: ["busybox", "sh"] },
    { name: "bash as sh", program: "bash", shell: readShell(""), argv: [bashAsSh] },
    { name: "bash", program: "bash", shell: readShell("-c /bin/bash -ex"), argv: ["bash"] },
  ];
  return known.filter(({ program }) => Bun.which(program) !== null);
}

/** Where a script is run in one of the two ways. Both have paths of the same length. */
class Place {
  readonly root: string;
  readonly work: string;

  constructor(folder: string, way: "whole" | "steps") {
    this.root = join(folder, way);
    this.work = join(this.root, "work");
    mkdirSync(this.work, { recursive: true });
  }

  at(name: string): string {
    return join(this.root, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.at(name), text);
  }

  read(name: string): string {
    if (!existsSync(this.at(name))) return "";
    return readFileSync(this.at(name), "utf8").replaceAll(/\/(whole|steps)\b(\/(step\d+|script))?/g, "/WAY");
  }

  outcome(races: boolean): object {
    const [stdout = "", trace = "", code] = ["out", "err", "code"].map((name) => this.read(name));
    const stderr = races ? [...trace].sort().join("") : trace;
    const files = readdirSync(this.work, { recursive: true, withFileTypes: true }).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const content = entry.isFile() ? this.read(join("work", path.slice(this.work.length))) : "";
      const shown = entry.name.startsWith("env") ? content.split("\n").sort().join("\n") : content;
      return `${path.slice(this.work.length)} ${statSync(path).mode.toString(8)} ${shown}`;
    });
    return { stdout, stderr, code, files: files.sort() };
  }
}

export interface Case {
  readonly split: ScriptSplit;
  readonly whole: Place;
  readonly steps: Place;
  readonly count: number;
}

export const around = {
  PATH: "/usr/bin:/bin",
  LC_ALL: "C",
  GIVEN: "from outside",
  MULTI: "a\nGIVEN=x\nb='\"$(false)",
};

/** Lines that run a program in a place. The shell's own cd puts OLDPWD into the environment. */
function runIn(place: Place, command: string): string {
  return `cd ${quoteWord(place.work)}; unset OLDPWD
${command} >>../out 2>>../err </dev/null; code=$?; echo $code >../code
`;
}

async function prepare(
  shell: Shell,
  folder: string,
  text: string,
): Promise<Case & { readonly driver: string }> {
  const [whole, steps] = [new Place(folder, "whole"), new Place(folder, "steps")];
  const program = shell.argv.map(quoteWord).join(" ");
  whole.write("script", text);
  const driver = [
    runIn(whole, `${program} ${shell.shell.command.slice(1).join(" ")} ${quoteWord(whole.root)}/script`),
  ];
  const split = await splitScript(text, shell.shell);
  if (split.kind === "whole") return { split, whole, steps, count: 0, driver: driver.join("") };
  const made = makeSteps(split.commands, { shell: shell.shell, statePath: steps.at("state of it") });
  for (const [number, step] of made.entries()) steps.write(`step${number}`, step.text);
  driver.push(`for step in ${made.map((_, number) => number).join(" ")}; do
${runIn(steps, `${program} ${quoteWord(steps.root)}/step$step`)}[ $code = 0 ] && [ -s '../state of it' ] || break
done
`);
  return { split, whole, steps, count: made.length, driver: driver.join("") };
}

/** Runs all scripts by one shell, in one go: a process for each of them would take most of the time. */
export async function runBothWays(
  shell: Shell,
  texts: readonly string[],
  folder: string,
): Promise<readonly Case[]> {
  // Each script ends by writing down its environment.
  const cases = await Promise.all(
    texts.map((text, index) =>
      prepare(shell, join(folder, shell.name, String(index)), `${text.replace(/\n?$/, "\n")}env >env\n`),
    ),
  );
  await Bun.spawn(["sh", "-c", cases.map((one) => one.driver).join("")], { env: around }).exited;
  return cases;
}

/** What a case has to be: output, trace, exit code and files of both ways, byte for byte. */
export function compareWays(
  { whole, steps }: Case,
  text: string,
): { readonly seen: object; readonly wanted: object } {
  // The parts of a pipe and commands in the background trace at the same time.
  const races = /\||&( |\n)/.test(text.replaceAll("&&", ""));
  return { seen: steps.outcome(races), wanted: whole.outcome(races) };
}
