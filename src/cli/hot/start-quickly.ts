import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { becomeMapped } from "../mapped.ts";
import { parseCommandLine } from "../parse.ts";

/** Runs a quick verb and gives its exit code, or undefined when start.ts has to do it. */
export async function startQuickly(command: Command, argv: readonly string[]): Promise<number | undefined> {
  const parsed = tryParse(command, argv);
  if (parsed === undefined) return undefined;
  try {
    becomeMapped(command, parsed, [command.name, ...argv]);
    return await command.run(parsed.flags, parsed.args);
  } catch (error) {
    if ((error as Error).name === "ColdPath") return undefined;
    const code = reportError(error, { debug: false });
    const { failureCode } = command;
    if (failureCode === undefined) return code;
    return typeof failureCode === "number" ? failureCode : failureCode(error);
  }
}

/** Undefined for `--help` and for what is wrong: start.ts has the words for both. */
function tryParse(command: Command, argv: readonly string[]) {
  try {
    return parseCommandLine(command, argv);
  } catch {
    return undefined;
  }
}
