/** The closed list of error kinds: containerd's errdefs, so that HTTP, gRPC and exit codes follow from one table. */
export type ErrorKind =
  | "invalid-argument"
  | "failed-precondition"
  | "not-found"
  | "already-exists"
  | "conflict"
  | "unauthenticated"
  | "permission-denied"
  | "not-modified"
  | "resource-exhausted"
  | "unavailable"
  | "deadline-exceeded"
  | "not-implemented"
  | "data-loss"
  | "canceled"
  | "internal";

/** A place in a recipe: file and one-based, inclusive line range. */
export interface SourceRange {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

export interface ErrorParts {
  readonly kind: ErrorKind;
  /** Stable short name, one per text, kebab-case; listed in docs/errors.md. */
  readonly code: string;
  /** Action and object: `Cannot pull "x": the repository has no tag "y"`. Capital first, no full stop. */
  readonly what: string;
  /** State found, state wanted. */
  readonly why?: string;
  /** A command or a change. Given whenever the user can act. */
  readonly next?: string;
  readonly cause?: unknown;
  readonly where?: SourceRange;
}

/** The one error class. Made by the small functions in each room's `error.ts`, turned into text only by the doors. */
export class VialError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly why: string | undefined;
  readonly next: string | undefined;
  readonly where: SourceRange | undefined;

  constructor(parts: ErrorParts) {
    super(parts.what, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.name = "VialError";
    this.kind = parts.kind;
    this.code = parts.code;
    this.why = parts.why;
    this.next = parts.next;
    this.where = parts.where;
  }
}

/** An error that another process of Vial made and sent over. */
export function receivedError(parts: ErrorParts): VialError {
  return new VialError(parts);
}

export function isVialError(error: unknown): error is VialError {
  return error instanceof VialError;
}

/** The same error, at a place in a recipe that the room it comes from does not know. */
export function withPlace(error: VialError, where: SourceRange): VialError {
  const { kind, code, message, why, next, cause } = error;
  return new VialError({
    kind,
    code,
    what: message,
    ...(why === undefined ? {} : { why }),
    ...(next === undefined ? {} : { next }),
    ...(cause === undefined ? {} : { cause }),
    where,
  });
}

/** The one-line reason of anything thrown, for the `why` of an error that wraps it. */
export function reasonOf(error: unknown): string {
  if (error instanceof VialError)
    return error.why === undefined ? error.message : `${error.message} (${error.why})`;
  return error instanceof Error ? error.message : String(error);
}
