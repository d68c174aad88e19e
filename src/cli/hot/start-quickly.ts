import type { Command } from "../command.ts";
import { hasCurrentContext } from "../docker/current-context.ts";
import { anewWord } from "../docker/name.ts";
import { dockerExitCode, dockerVoice } from "../docker/voice.ts";
import { reportError } from "../errors-out.ts";
import { becomeMapped } from "../mapped.ts";
import { parseCommandLine } from "../parse.ts";
import { speakAs } from "../voice.ts";

/**
 * Runs a quick verb and gives its exit code, or undefined when start.ts has to do it. `as`: by whose name it was called,
 * where that is not Vial's.
 */
export async function startQuickly(
  command: Command,
  argv: readonly string[],
  as?: "docker",
): Promise<number | undefined> {
  const parsed = tryParse(command, argv);
  if (parsed === undefined) return undefined;
  if (as === "docker") {
    if (hasCurrentContext(process.env)) return undefined;
    speakAs(dockerVoice(command.name));
  }
  try {
    becomeMapped(command, parsed, [...(as === undefined ? [] : [anewWord]), command.name, ...argv]);
    return await command.run(parsed.flags, parsed.args);
  } catch (error) {
    if ((error as Error).name === "ColdPath") return undefined;
    const code = reportError(error, { debug: false });
    if (as === "docker") return dockerExitCode(error, command.name);
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
