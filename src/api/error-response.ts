import { DockerAnswer, phraseOf } from "./docker/phrases.ts";
import { type ErrorKind, isVialError } from "#spec";

/** As moby maps containerd's kinds of errors (daemon/server/httpstatus). */
export const statusOfKind: Readonly<Record<ErrorKind, number>> = {
  "invalid-argument": 400,
  "failed-precondition": 400,
  "not-found": 404,
  "already-exists": 409,
  conflict: 409,
  unauthenticated: 401,
  "permission-denied": 403,
  "not-modified": 304,
  "resource-exhausted": 429,
  unavailable: 503,
  "deadline-exceeded": 500,
  "not-implemented": 501,
  "data-loss": 500,
  canceled: 500,
  internal: 500,
};

/** The status and the sentence of anything thrown. The only place where an error becomes an answer. */
export function errorResponse(error: unknown): { readonly status: number; readonly message: string } {
  if (error instanceof DockerAnswer) return { status: error.status, message: error.message };
  if (!isVialError(error))
    return { status: 500, message: error instanceof Error ? error.message : String(error) };
  const phrase = phraseOf(error);
  if (phrase !== undefined) return phrase;
  const why = error.why === undefined ? "" : `: ${error.why}`;
  return { status: statusOfKind[error.kind], message: `${error.message}${why}` };
}
