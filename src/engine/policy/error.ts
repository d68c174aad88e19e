import { reasonOf, VialError } from "#spec";

export function policyUnreadable(path: string, cause: unknown): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "policy-unreadable",
    what: `Cannot read the policy "${path}", and so runs no image file`,
    why: reasonOf(cause),
    next: `ls -l ${path}`,
    cause,
  });
}

export function policyUnsafe(path: string, mode: number): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "policy-unsafe",
    what: `Cannot believe the policy "${path}", and so runs no image file`,
    why: `its mode is ${mode.toString(8)}, so that other users may change it`,
    next: `chmod go-w ${path}`,
  });
}

export function policyInvalid(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "policy-invalid",
    what: `Cannot understand the policy "${path}", and so runs no image file`,
    why,
    next: "mend the file, after docs/signatures.md",
  });
}

/** `by`: which rule, or that it is the default. */
export function policyRefused(path: string, file: string, by: string, why: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "policy-refused",
    what: `Cannot run "${path}": the policy does not let it`,
    why: `${by} of "${file}": ${why}`,
    next: `see who has signed what: vial verify ${path}`,
  });
}

export function policyPathMoved(path: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "policy-path-moved",
    what: `Cannot hold "${path}" against the policy: it was moved or removed at this moment`,
    next: "try again",
  });
}
