import type { Command } from "../command.ts";
import { Flags, parseCommandLine } from "../parse.ts";
import { optionNotHere, variableUnreadable } from "./error.ts";
import type { Option, PersonaCommand } from "./option.ts";
import { variableFor } from "./variables.ts";

// From Apptainer's words to the flags of the command of Vial that does the work.

type Env = Readonly<Record<string, string | undefined>>;
type Value = string | boolean | readonly string[];

export interface Given {
  /** By the name of the option; those of variables are among them. */
  readonly values: ReadonlyMap<string, Value>;
  /** Names of the options that come from variables. */
  readonly byVariable: ReadonlySet<string>;
  readonly args: readonly string[];
}

/** A command of the table in the terms of the parser. Its own name does not meet the hints for Docker's flags. */
function asCommand({ name, usage, summary, options, interspersed, args }: PersonaCommand): Command {
  return {
    name: `apptainer ${name}`,
    usage,
    summary,
    flags: options,
    interspersed: interspersed ?? true,
    args,
    run: () => 0,
  };
}

/** Parses what follows the command. Throws flag-unknown and its like; variable-unreadable for a variable. */
export function readGiven(command: PersonaCommand, argv: readonly string[], env: Env): Given {
  const { flags, args } = parseCommandLine(asCommand(command), argv);
  const values = new Map<string, Value>();
  const byVariable = new Set<string>();
  const hasVariables = Object.keys(env).length > 0;
  for (const option of command.options) {
    const { name } = option;
    const isGiven = flags.has(name);
    if (!isGiven && !hasVariables) continue;
    const value = isGiven ? givenValue(flags, option) : valueOfVariable(option, env);
    if (value === undefined) continue;
    values.set(name, value);
    if (!isGiven) byVariable.add(name);
  }
  return { values, byVariable, args };
}

function givenValue(flags: Flags, { name, kind }: Option): Value | undefined {
  if (kind === "bool") return flags.bool(name);
  return kind === "list" ? flags.list(name) : flags.text(name);
}

function valueOfVariable(option: Option, env: Env): Value | undefined {
  const found = variableFor(option, env);
  if (found === undefined) return undefined;
  if (option.kind === "list") return [found.value];
  if (option.kind === "string") return found.value;
  if (/^(1|t|T|true|TRUE|True)$/.test(found.value)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(found.value)) return false;
  throw variableUnreadable(found.name, found.value);
}

/** An option that was asked for and does not act ends the command, or is warned of. Throws option-not-here. */
export function refuseIdle(
  command: PersonaCommand,
  { values, byVariable }: Given,
  warn: (sentence: string) => void,
): void {
  if (values.size === 0) return;
  for (const { name, state, variables, warnsByVariable } of command.options) {
    const value = values.get(name);
    if (value === undefined || value === false) continue;
    if (state.is !== "not-yet" && state.is !== "refused") continue;
    if (warnsByVariable === true && byVariable.has(name))
      warn(`APPTAINER_${variables[0]} does not act on "${command.name}": ${state.note ?? ""}`);
    else throw optionNotHere(command.name, `--${name}`, state.is, state.note ?? "");
  }
}

/** The same wish in the flags of a command of Vial. */
export function translate(
  command: PersonaCommand,
  given: Given,
  vial: Command,
  more: Readonly<Record<string, Value>> = {},
): Flags {
  const declared = new Map(vial.flags.map((flag) => [flag.name, flag]));
  const values = new Map<string, Value>(Object.entries(more));
  if (given.values.size === 0) return new Flags(declared, values);
  const off: string[] = [];
  for (const option of command.options) {
    const value = given.values.get(option.name);
    if (value === undefined || option.state.is !== "works") continue;
    const name = option.becomes ?? option.name;
    if (option.negates === true) {
      if (value === true) off.push(name);
      continue;
    }
    const { translate: change = (text: string) => text } = option;
    const changed =
      typeof value === "boolean" ? value : typeof value === "string" ? change(value) : value.map(change);
    const kind = declared.get(name)?.kind;
    const list = [changed].flat().filter((entry) => typeof entry === "string");
    const before = values.get(name);
    if (kind === "list") values.set(name, [...(Array.isArray(before) ? (before as string[]) : []), ...list]);
    else if (kind === "string") values.set(name, list.at(-1) ?? "");
    else values.set(name, changed);
  }
  // Whatever else asked for it.
  for (const name of off) values.set(name, false);
  return new Flags(declared, values);
}
