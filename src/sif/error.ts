import { isDiskFull } from "#host";
import { reasonOf, VialError } from "#spec";

export function sifForeign(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-foreign",
    what: `Cannot read "${path}": it is not a SIF file`,
    why,
    next: `see what it is with \`file ${path}\``,
  });
}

export function sifVersionUnknown(path: string, why: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "sif-version-unknown",
    what: `Cannot read the SIF file "${path}"`,
    why,
    next: "build the image again with a writer of SIF 1.0, which Apptainer and SingularityCE are",
  });
}

export function sifDamaged(path: string, at: number, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "sif-damaged",
    what: `Cannot read the SIF file "${path}": it is damaged at byte ${at}`,
    why,
    next: "get the file again from where it came from",
  });
}

export function sifUnreadable(path: string, cause: unknown): VialError {
  const isAbsent = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return new VialError({
    kind: isAbsent ? "not-found" : "permission-denied",
    code: "sif-unreadable",
    what: `Cannot open the SIF file "${path}"`,
    why: isAbsent ? "there is no such file" : reasonOf(cause),
    next: isAbsent ? "check the path" : "check who may read the file with `ls -l`",
    cause,
  });
}

export function sifUnwritable(path: string, cause: unknown): VialError {
  const full = isDiskFull(cause);
  return new VialError({
    kind: full ? "resource-exhausted" : "permission-denied",
    code: "sif-unwritable",
    what: `Cannot write the SIF file "${path}"`,
    why: full ? "the disk, or your share of it, is full" : reasonOf(cause),
    next: full ? "free some space and try again" : "check who may write there with `ls -ld`",
    cause,
  });
}

export function sifInTheWay(path: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "sif-in-the-way",
    what: `Cannot make the SIF file "${path}": a file is there`,
    next: "take another name, or overwrite it with --force",
  });
}

export function sifObjectUnknown(path: string, id: string, known: readonly number[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "sif-object-unknown",
    what: `Cannot find object ${id} in "${path}"`,
    why: known.length === 0 ? "the file holds no objects" : `it has the objects ${known.join(", ")}`,
    next: `see them with \`vial sif list ${path}\``,
  });
}

export function sifFull(path: string, total: number): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "sif-full",
    what: `Cannot add to "${path}": all of its ${total} descriptors are used`,
    why: "the number of descriptors is fixed when the file is made",
    next: `remove an object with \`vial sif del ID ${path}\`, or make a file with \`vial sif new --capacity\``,
  });
}

export function sifPrimaryTaken(path: string, id: number): VialError {
  return new VialError({
    kind: "conflict",
    code: "sif-primary-taken",
    what: `Cannot add a primary system partition to "${path}": object ${id} is the primary one`,
    why: "a SIF file has one at most, because that is the root file system that runs",
    next: "add it with --parttype 1 (system), then choose it with `vial sif setprim`",
  });
}

export function sifPrimaryUnfit(path: string, id: number, found: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "sif-primary-unfit",
    what: `Cannot make object ${id} of "${path}" the primary system partition: it is ${found}`,
    why: "only a system partition can become the primary one",
    next: `find one in \`vial sif list ${path}\``,
  });
}

export function sifPrimaryDoubtful(path: string, ids: readonly number[]): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "sif-primary-doubtful",
    what: `Cannot find the root file system of "${path}"`,
    why:
      ids.length === 0
        ? "it has no primary system partition"
        : `the objects ${ids.join(", ")} all claim to be the primary system partition`,
    next:
      ids.length === 0
        ? `choose one with \`vial sif setprim ID ${path}\``
        : `remove all but one with \`vial sif del ID ${path}\``,
  });
}

export function sifValueUnfit(what: string, value: string, wanted: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-value-unfit",
    what: `Cannot use ${JSON.stringify(value)} as the ${what}`,
    why: `it has to be ${wanted}`,
    next: `change the ${what}`,
  });
}

export function sifRootUnfit(path: string, fileSystem: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "sif-root-unfit",
    what: `Cannot use the root file system of "${path}"`,
    why: `it is ${fileSystem}, and Vial reads squashfs alone`,
    next: "convert the file where it was made, by `apptainer build NEW.sif OLD.sif`",
  });
}
