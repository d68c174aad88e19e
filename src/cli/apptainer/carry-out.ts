import { isVialError } from "#spec";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { freeInInstance } from "../hpc/flags.ts";
import { becomeMapped } from "../mapped.ts";
import { speakAs } from "../voice.ts";
import { failure, type Log, personaVoice } from "./log.ts";
import { anewWord, type PersonaName } from "./name.ts";
import type { PersonaCommand } from "./option.ts";
import { type Given, readGiven, refuseIdle, translate } from "./read.ts";
import { oldVariables, ownVariables } from "./variables.ts";

// Carries one command out by a command of Vial.

export interface Errand {
  readonly name: PersonaName;
  /** The whole command line, for a Vial that starts anew. */
  readonly argv: readonly string[];
  readonly command: PersonaCommand;
  /** What follows the command. */
  readonly rest: readonly string[];
  readonly log: Log;
  readonly vial: Command;
  /** What Vial's command takes in place of Apptainer's arguments. */
  readonly args?: ((args: readonly string[]) => readonly string[]) | undefined;
  /** What Apptainer says before and at the end. */
  readonly says?:
    | ((args: readonly string[], given: Given) => { readonly before?: string; readonly after?: string })
    | undefined;
  /** Flags of Vial that Apptainer has no word for. */
  readonly more?: ((log: Log, given: Given) => Readonly<Record<string, string | boolean>>) | undefined;
}

/**
 * Gives the exit code; the program itself takes this process's place where one is started. Errors are reported as
 * Apptainer's, but those of the command line, which are thrown, and what is not in this bundle.
 */
export async function carryOut(errand: Errand): Promise<number> {
  const { command, vial, log, name } = errand;
  speakAs(personaVoice(name, log));
  takeOldVariables(errand);
  const given = withoutSettled(readGiven(command, errand.rest, ownVariables(process.env)));
  try {
    refuseIdle(command, given, (sentence) => log.warn(sentence));
    const flags = translate(command, given, vial, errand.more?.(log, given));
    const args = errand.args?.(given.args) ?? given.args;
    becomeMapped(vial, { flags, args }, [anewWord, name, ...errand.argv]);
    const says = errand.says?.(args, given);
    if (says?.before !== undefined) log.info(says.before);
    const code = await vial.run(flags, args);
    if (says?.after !== undefined && code === 0) log.info(says.after);
    return code;
  } catch (error) {
    if ((error as Error).name === "ColdPath") throw error;
    return report(error, log);
  }
}

/**
 * What a site sets for every start by variables says nothing of an instance that runs already; an option that was typed
 * does, and is refused.
 */
function withoutSettled(given: Given): Given {
  if (given.args[0]?.startsWith("instance://") !== true) return given;
  const isMeant = (name: string) => freeInInstance.has(name) || !given.byVariable.has(name);
  return { ...given, values: new Map([...given.values].filter(([name]) => isMeant(name))) };
}

export function report(error: unknown, log: Log): number {
  reportError(error, { debug: log.isDebug });
  return failure;
}

/** Errors of the words themselves, for which Apptainer shows the options. */
export function isUsageError(error: unknown): boolean {
  return (
    isVialError(error) &&
    ["flag-unknown", "flag-value-missing", "flag-value-invalid", "wrong-arguments"].includes(error.code)
  );
}

/**
 * Moves variables of the old prefix to the new one, so that all that reads them sees one value; said once, for afterwards
 * there is nothing old left. Who calls the program by its old name is not told to change.
 */
function takeOldVariables({ command, name, log }: Errand): void {
  const { warnings, hints, overruled } = oldVariables(command.options, ownVariables(process.env));
  for (const sentence of warnings) log.warn(sentence);
  if (name === "apptainer") for (const { sentence } of hints) log.info(sentence);
  for (const { key } of hints) {
    process.env[`APPTAINER_${key}`] = process.env[`SINGULARITY_${key}`] ?? "";
    delete process.env[`SINGULARITY_${key}`];
  }
  for (const variable of overruled) delete process.env[variable];
}
