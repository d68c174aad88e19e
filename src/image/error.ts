import { type Digest, reasonOf, VialError } from "#spec";

export function storeTooNew(root: string, found: string, known: number): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "store-too-new",
    what: `Cannot open the store "${root}": it has version ${found}, and this Vial knows version ${known}`,
    why: "a newer Vial wrote it, and an older one could destroy what it does not know",
    next: "use the newer Vial, or set VIAL_ROOT to another folder",
  });
}

export function storeUnwritable(root: string, cause: unknown): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "store-unwritable",
    what: `Cannot use the store "${root}"`,
    why: reasonOf(cause),
    next: "set VIAL_ROOT to a folder that you may write",
    cause,
  });
}

export function contentMismatch(what: string, wanted: string, found: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "content-mismatch",
    what: `Cannot accept ${what}: its bytes are not what its digest says`,
    why: `found ${found}, wanted ${wanted}`,
    next: "try again; if it happens again, the source is damaged or lies",
  });
}

export function blobMissing(digest: Digest): VialError {
  return new VialError({
    kind: "not-found",
    code: "blob-missing",
    what: `Cannot read the blob ${digest}: the store does not hold it`,
    next: "pull or load the image again",
  });
}
