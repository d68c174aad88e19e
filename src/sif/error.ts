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

export function pgpKeysUnreadable(name: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "pgp-keys-unreadable",
    what: `Cannot read OpenPGP keys from "${name}"`,
    why,
    next: "give a file that `gpg --export --armor` or `vial key export` wrote",
  });
}

export function pgpOwnerInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "pgp-owner-invalid",
    what: `Cannot make a key for ${JSON.stringify(text)}`,
    why: 'the owner of a key has a name and may have an address such as "ada@example.org", without brackets and control characters',
    next: 'vial key generate --name "Ada Lovelace" --email ada@example.org',
  });
}

export function pgpPasswordWrong(fingerprint: string, why: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "pgp-password-wrong",
    what: `Cannot unlock the secret key ${fingerprint}`,
    why,
    next: "try again with the password that the key was made with",
  });
}

export function pgpKeyTooNew(fingerprint: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "pgp-key-too-new",
    what: `Cannot sign with the key ${fingerprint}`,
    why: "it is an OpenPGP key of version 6, and a SIF file names keys of version 4 alone",
    next: "make one by `vial key generate`",
  });
}

export function pgpKeyUnfit(fingerprint: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "pgp-key-unfit",
    what: `Cannot sign with the key ${fingerprint}`,
    why,
    next: "choose another of `vial key list --secret`, or make one by `vial key generate`",
  });
}

export function sifNothingToSign(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-nothing-to-sign",
    what: `Cannot sign "${path}" as asked`,
    why,
    next: `see the groups by \`vial sif list ${path}\``,
  });
}

export function sifKeyUnfit(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "sif-key-unfit",
    what: `Cannot use the key "${path}" for signatures of SIF files`,
    why,
    next: "give an RSA, ECDSA or Ed25519 key in PEM form, such as `openssl genpkey -algorithm ed25519` makes",
  });
}

export function certificatesUnreadable(path: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "certificates-unreadable",
    what: `Cannot read certificates from "${path}"`,
    why,
    next: `see what it is: openssl x509 -in ${path} -text -noout`,
  });
}

export function certificateRefused(path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "certificate-refused",
    what: `Cannot believe the certificate "${path}"`,
    why,
    next: "give those between it and its root by --certificate-intermediates, and the root by --certificate-roots",
  });
}

export function certificateRootsNone(): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "certificate-roots-none",
    what: "Cannot find root certificates on this machine",
    next: "give those that you believe by --certificate-roots",
  });
}
