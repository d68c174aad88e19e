import type { Command } from "./command.ts";
import { command as exec } from "./command/exec.ts";
import { command as internalExited } from "./command/internal-exited.ts";
import { command as run } from "./command/run.ts";
import { reportError } from "./errors-out.ts";
import { parseCommandLine } from "./parse.ts";

// The verbs whose start counts. tool/build.ts makes this file, with all that it imports, into one chunk: thirty chunks
// take 5 ms to load, one takes 2. What is behind a dynamic import stays out of the chunk, and throws a ColdPath there
// instead; that happens before anything was done, and start.ts then does the whole command.

const verbs: Readonly<Record<string, Command>> = { run, exec, "internal-exited": internalExited };

/** Runs one of the quick verbs and gives its exit code, or undefined when start.ts has to do it. */
export async function startQuickly(argv: readonly string[]): Promise<number | undefined> {
  const command = Object.hasOwn(verbs, argv[0] ?? "") ? verbs[argv[0] ?? ""] : undefined;
  if (command === undefined) return undefined;
  const parsed = tryParse(command, argv.slice(1));
  if (parsed === undefined) return undefined;
  try {
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
