import type { ErrorKind } from "#spec";

/** Exit codes outside `run`, `exec` and their like: 75 is the sysexits "try again", on which a batch script requeues. */
export const exitCodeOfKind: Readonly<Record<ErrorKind, number>> = {
  "invalid-argument": 2,
  "failed-precondition": 1,
  "not-found": 1,
  "already-exists": 1,
  conflict: 1,
  unauthenticated: 1,
  "permission-denied": 1,
  "not-modified": 0,
  "resource-exhausted": 75,
  unavailable: 75,
  "deadline-exceeded": 75,
  "not-implemented": 1,
  "data-loss": 1,
  canceled: 130,
  internal: 70,
};

/** An error that is no VialError is our bug (sysexits "internal software error"). */
export const bugExitCode = 70;

/** What the shell reports of a program that SIGPIPE ended. */
export const brokenPipeExitCode = 141;
