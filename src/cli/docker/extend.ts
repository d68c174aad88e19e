import type { Command, Flag } from "../command.ts";
import { absentFlag } from "../docker-flags.ts";
import type { Flags } from "../parse.ts";
import { dockerOptions } from "./options.ts";
import { absentNote, type Taken, taken } from "./table/states.ts";
import { dockerOptionNotHere } from "./error.ts";

export type OptionState =
  | { readonly is: "works" }
  | { readonly is: "taken"; readonly note: string }
  | { readonly is: "not here"; readonly note: string };

/** A command of Vial that also takes the options that Docker has for it, so that refuseAbsent() can say what is with them. */
export function extend(command: Command, name: string): Command {
  return { ...command, name, flags: [...command.flags, ...absentOptions(command, name)] };
}

function absentOptions(command: Command, name: string): readonly Flag[] {
  const options = dockerOptions(name) ?? [];
  return options.filter((option) => !command.flags.some((flag) => flag.name === option.name));
}

/** What becomes of an option of Docker's. */
export function stateOf(command: Command, name: string, option: string): OptionState {
  if (command.flags.some((flag) => flag.name === option)) return { is: "works" };
  const entry = takenEntry(name, option);
  if (entry !== undefined) return { is: "taken", note: entry.note };
  const note = absentNote(name, option) ?? absentFlag(command.name, `--${option}`)?.why;
  return { is: "not here", note: note ?? "this version of Vial does not have it" };
}

/** An option that was given and does not act ends the command. Throws docker-option-not-here. */
export function refuseAbsent(command: Command, name: string, flags: Flags): void {
  for (const option of absentOptions(command, name)) {
    if (!flags.has(option.name) || (option.kind === "bool" && isOffAnyway(flags, name, option.name)))
      continue;
    const entry = takenEntry(name, option.name);
    if (entry !== undefined && (entry.fits?.(flags, option.name) ?? true)) continue;
    const state = stateOf(command, name, option.name);
    throw dockerOptionNotHere(name, `--${option.name}`, state.is === "works" ? "" : state.note);
  }
}

/** `--squash=false` asks for nothing; where the option is on by itself, false is a wish. */
function isOffAnyway(flags: Flags, name: string, option: string): boolean {
  return !flags.bool(option) && takenEntry(name, option)?.fits === undefined;
}

function takenEntry(name: string, option: string): Taken | undefined {
  return taken.find(({ commands, options }) => commands.includes(name) && options.includes(option));
}
