import { hpcCommand } from "../hpc/verb.ts";
import { carryOut, isUsageError, report } from "./carry-out.ts";
import { readGlobals } from "./globals.ts";
import { levels, Log } from "./log.ts";
import type { PersonaName } from "./name.ts";
import { actions } from "./table/action.ts";

/**
 * Starts a program of an image: exec, run, shell, test, run-help, in the namespaces that they need. Gives the exit code, or
 * undefined when start.ts has to do it: for what is wrong, and for what this bundle lacks.
 */
export async function startAction(name: PersonaName, argv: readonly string[]): Promise<number | undefined> {
  try {
    const { words, log, wants } = readGlobals(name, argv, process.env);
    const command = actions.find((entry) => entry.name === words[0]);
    if (command === undefined || wants !== "command") return undefined;
    const vial = hpcCommand(command.name as Parameters<typeof hpcCommand>[0]);
    return await carryOut({ name, argv, command, rest: words.slice(1), log, vial });
  } catch (error) {
    if (isUsageError(error) || (error as Error).name === "ColdPath") return undefined;
    return report(error, new Log(levels.normal, "by terminal"));
  }
}
