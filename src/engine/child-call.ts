import { limitTo } from "#kit";
import { run } from "#host";
import { type ErrorKind, isVialError, receivedError, type VialError } from "#spec";
import { ownProgram } from "./container/exit-command.ts";
import { StartFailure } from "./container/start-failure.ts";
import type { Engine } from "./engine-handle.ts";
import { childCallFailed } from "./error.ts";

// What a server gives to a process of its own: it blocks for long, or mounts in the namespace of who does it. The child is
// Vial itself (`internal-start`, `internal-call`), and prints one JSON document: a value or an error.

/** What such a child prints. */
export type ChildAnswer = { readonly value: unknown } | { readonly error: PrintedError };

interface PrintedError {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly what: string;
  readonly why?: string | undefined;
  readonly next?: string | undefined;
  /** Of a start that did not come about. */
  readonly exitCode?: number;
}

/** Two processors start no more at once; the others wait here, where they take no memory. */
const atOnce = limitTo(Math.max(4, navigator.hardwareConcurrency));

/** Calls `vial VERB ROOT RUN ARGS` and gives its value, or throws its error. */
export async function callChild(engine: Engine, verb: string, ...args: readonly string[]): Promise<unknown> {
  const [program, ...words] = ownProgram();
  const { stdout, stderr, exitCode } = await atOnce(() =>
    run(program, [...words, verb, engine.place.root, engine.place.run, ...args]),
  );
  let answer: ChildAnswer;
  try {
    answer = JSON.parse(stdout) as ChildAnswer;
  } catch {
    throw childCallFailed(verb, exitCode, stderr.trim());
  }
  return valueOfChild(answer);
}

/** The value that a child gave, or its error thrown. */
export function valueOfChild(answer: ChildAnswer): unknown {
  if ("value" in answer) return answer.value;
  throw readError(answer.error);
}

/** What the child does with `act`: the document that it prints. */
export async function answerOfChild(act: () => unknown): Promise<ChildAnswer> {
  try {
    return { value: (await act()) ?? null };
  } catch (error) {
    if (!isVialError(error)) throw error;
    const { kind, code, message: what, why, next } = error;
    const exitCode = error instanceof StartFailure ? { exitCode: error.exitCode } : {};
    return { error: { kind, code, what, why, next, ...exitCode } };
  }
}

function readError({ exitCode, why, next, ...parts }: PrintedError): VialError {
  const error = receivedError({
    ...parts,
    ...(why === undefined ? {} : { why }),
    ...(next === undefined ? {} : { next }),
  });
  return exitCode === undefined ? error : new StartFailure(exitCode, error);
}
