import { exitNotExecutable, exitNotFound } from "#engine";

/** Vial's own codes for a start: 127 no such program, 126 it cannot be executed, 125 all else. */
export function hpcFailureCode(error: unknown): number {
  const { code } = error as { code?: string };
  if (code === "program-not-in-image") return exitNotFound;
  return code === "command-not-executable" ? exitNotExecutable : 125;
}
