import type { VialError } from "#spec";
import { commandNotExecutable, commandNotFound, mountTargetMissing, startFailed } from "../error.ts";

/** Docker's exit codes for a container that did not start. */
export const exitFailed = 125;
export const exitNotExecutable = 126;
export const exitNotFound = 127;

/**
 * Turns the runtime's sentence into an error and Docker's exit code: 127 no such program, 126 it cannot be executed,
 * 125 anything else. Sentences of crun 1.8 to 1.21 and runc 1.1 to 1.3.
 */
export function explainFailure(
  said: string,
  command: string,
  container: string,
): { readonly error: VialError; readonly exitCode: number } {
  const where = `the container "${container}"`;
  if (
    /executable file .*not found|no such file or directory.*exec|exec.*no such file or directory|stat .*: no such file|open executable: not a directory|exec.*: not a directory/i.test(
      said,
    )
  ) {
    return { error: commandNotFound(command, where), exitCode: exitNotFound };
  }
  if (
    /open executable: (Operation not permitted|Permission denied|Is a directory)|exec.*permission denied|exec format error|is a directory/i.test(
      said,
    )
  ) {
    return { error: commandNotExecutable(command, where, said), exitCode: exitNotExecutable };
  }
  const target = /^openat2 `(.+)`: No such file or directory/.exec(said)?.[1];
  if (target !== undefined)
    return { error: mountTargetMissing(container, `/${target}`), exitCode: exitFailed };
  return { error: startFailed(container, said), exitCode: exitFailed };
}
