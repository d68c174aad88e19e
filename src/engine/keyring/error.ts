import { reasonOf, VialError } from "#spec";

export function keyringHomeless(): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "keyring-homeless",
    what: "Cannot find a place for keys",
    why: "neither XDG_CONFIG_HOME nor HOME is set",
    next: "set HOME to your home folder",
  });
}

export function keyringUnreadable(path: string, cause: unknown): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "keyring-unreadable",
    what: `Cannot read the keys in "${path}"`,
    why: reasonOf(cause),
    next: `ls -l ${path}`,
    cause,
  });
}

export function keyringUnsafe(path: string, mode: number): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "keyring-unsafe",
    what: `Cannot believe the keys in "${path}"`,
    why: `its mode is ${mode.toString(8)}, so that other users may read or change it`,
    next: `chmod go-rwx ${path}`,
  });
}

export function keyringUnwritable(path: string, cause: unknown, full: boolean): VialError {
  return new VialError({
    kind: full ? "resource-exhausted" : "permission-denied",
    code: "keyring-unwritable",
    what: `Cannot write the keys in "${path}"`,
    why: full ? "the disk, or your share of it, is full" : reasonOf(cause),
    next: full ? "free some space and try again" : `ls -ld ${path}`,
    cause,
  });
}

export function keyringEmpty(ring: "public" | "secret"): VialError {
  return new VialError({
    kind: "not-found",
    code: "keyring-empty",
    what: `Cannot choose a ${ring} key: there is none`,
    next: "make one by `vial key generate`, or take one in by `vial key import FILE`",
  });
}

export function keyUnknown(id: string, ring: "public" | "secret"): VialError {
  return new VialError({
    kind: "not-found",
    code: "key-unknown",
    what: `Cannot find the ${ring} key ${JSON.stringify(id)}`,
    why: "a key is named by its number in the list, by its fingerprint, or by the last 16 digits or more of that",
    next: `vial key list${ring === "secret" ? " --secret" : ""}`,
  });
}

export function keyAmbiguous(id: string, prints: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "key-ambiguous",
    what: `Cannot tell which key ${JSON.stringify(id)} is`,
    why: `the fingerprints of several keys end so: ${prints.join(", ")}`,
    next: "give the whole fingerprint",
  });
}

export function keyElsewhere(id: string, path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "key-elsewhere",
    what: `Cannot remove the key ${JSON.stringify(id)}: it lies in "${path}"`,
    why: "Vial changes its own keyrings alone, and reads those of Apptainer and of the machine",
    next: "remove it there: `apptainer key remove`, or as root `vial key remove --global`",
  });
}
