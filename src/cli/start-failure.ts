import { StartFailure } from "#engine";

/** Docker's codes: 125 Vial failed, 126 the program cannot be executed, 127 there is no such program. */
export function startFailureCode(error: unknown): number {
  return error instanceof StartFailure ? error.exitCode : 125;
}
