import { isDiskFull } from "#host";
import { type Digest, type ErrorParts, reasonOf, VialError } from "#spec";

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

export function overlayRefused(target: string, cause: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "overlay-refused",
    what: `Cannot stack the image's layers at "${target}"`,
    why: reasonOf(cause),
    next: "vial doctor",
    cause,
  });
}

export function indexDamaged(path: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "index-damaged",
    what: `Cannot read the table of images "${path}"`,
    why,
    next: "run `vial check --repair`",
  });
}

export function blobDamaged(digest: Digest, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "blob-damaged",
    what: `Cannot use the blob ${digest}: the store holds other bytes under its name`,
    why,
    next: "run `vial check --repair`, then pull or load the image again",
  });
}

/** The words after "Cannot find" follow Docker's, because people search for them. */
export function imageUnknown(text: string, near: string | undefined): VialError {
  return new VialError({
    kind: "not-found",
    code: "image-unknown",
    what: `Cannot find the image "${text}": No such image: ${text}`,
    next:
      near === undefined
        ? `run \`vial pull ${text}\`, or \`vial images\` for what is here`
        : `did you mean "${near}"?`,
  });
}

export function imageIdAmbiguous(text: string, ids: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "image-id-ambiguous",
    what: `Cannot tell which image "${text}" is: several IDs begin with it`,
    why: `found ${ids.slice(0, 4).join(", ")}`,
    next: "give more digits of the ID",
  });
}

export function platformMismatch(text: string, wanted: string, found: readonly string[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "platform-mismatch",
    what: `Cannot use the image "${text}" for ${wanted}`,
    why: `the store holds it for ${found.length === 0 ? "no platform" : found.join(", ")}`,
    next:
      found.length === 0
        ? `run \`vial pull --platform ${wanted} ${text}\``
        : `run \`vial pull --platform ${wanted} ${text}\`, or use it with \`--platform ${found[0]}\``,
  });
}

export function imageInUse(text: string, container: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "image-in-use",
    what: `Cannot remove the image "${text}": the container "${container}" was made from it`,
    next: `run \`vial rm ${container}\` first, or \`vial rmi --force ${text}\``,
  });
}

export function imageHeld(text: string, container: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "image-held",
    what: `Cannot remove the image "${text}": the running container "${container}" uses it`,
    why: "force does not help while it runs",
    next: `run \`vial rm --force ${container}\` first`,
  });
}

export function imageManyNames(text: string, names: readonly string[]): VialError {
  return new VialError({
    kind: "conflict",
    code: "image-many-names",
    what: `Cannot remove the image "${text}" by its ID: it has several names`,
    why: `found ${names.join(", ")}`,
    next: `run \`vial rmi ${names.join(" ")}\`, or \`vial rmi --force ${text}\``,
  });
}

export function tarInvalid(subject: string, reason: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "tar-invalid",
    what: `Cannot read ${subject}: the tar archive is damaged or hostile`,
    why: reason,
    next: "fetch the archive again, or list it with `tar -tvf` to see where it breaks",
  });
}

export function layerInvalid(diffId: string, reason: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "layer-invalid",
    what: `Cannot unpack the layer ${diffId}: it is damaged or hostile`,
    why: reason,
    next: "pull or load the image again; if it happens again, the image itself is at fault",
  });
}

export function layerTooLarge(diffId: string, reason: string): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "layer-too-large",
    what: `Cannot unpack the layer ${diffId}: it goes beyond a limit`,
    why: reason,
    next: "use an image with smaller layers",
  });
}

export function layerDiskFull(diffId: string, folder: string): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "layer-disk-full",
    what: `Cannot unpack the layer ${diffId}: the disk is full`,
    why: `the file system of "${folder}" has no space left`,
    next: "free some space with `vial image prune`, or set VIAL_ROOT to a larger disk",
  });
}

export function layerUnpackFailed(diffId: string, cause: unknown): VialError {
  return new VialError({
    kind: "internal",
    code: "layer-unpack-failed",
    what: `Cannot unpack the layer ${diffId}`,
    why: reasonOf(cause),
    cause,
  });
}

export function copyOverFolder(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "copy-over-folder",
    what: `Cannot copy "${printable(name)}": a folder of that name is in the way`,
    next: "remove the folder, or choose another destination",
  });
}

export function copyOverOther(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "copy-over-other",
    what: `Cannot copy "${printable(name)}": something that is no folder is in the way`,
    next: "remove it, or choose another destination",
  });
}

/** Names come as one character per byte. */
function printable(name: string): string {
  return Buffer.from(name, "latin1").toString("utf8");
}

export function copyNameEscapes(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "copy-name-escapes",
    what: `Cannot copy "${printable(name)}": the name leads out of the destination`,
    why: 'a name in an archive may not hold ".."',
    next: "make the archive with names below one folder",
  });
}

export function copySourceMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "copy-source-missing",
    what: `Cannot copy "${path}": there is no such file or folder`,
    next: "check the path; a path in a container counts from its root",
  });
}

export function copyFolderMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "copy-folder-missing",
    what: `Cannot copy to "${path}": the folder that would hold it is not there`,
    next: "make the folder first",
  });
}

export function copyChanged(path: string, cause: unknown): VialError {
  return new VialError({
    kind: "conflict",
    code: "copy-changed",
    what: `Cannot copy to "${path}": something on the way is no folder, or was changed meanwhile`,
    why: reasonOf(cause),
    next: "look at the destination, then copy again; `vial pause CONTAINER` holds its programs meanwhile",
    cause,
  });
}

export function copyFolderToFile(source: string, target: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "copy-folder-to-file",
    what: `Cannot copy the folder "${source}" to "${target}": that is a file`,
    next: "choose a folder as the destination",
  });
}

export function copyNoFolder(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "copy-no-folder",
    what: `Cannot use "${path}": it is no folder`,
    next: "leave out the slash at the end, or choose a folder",
  });
}

export function archiveInvalid(subject: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "archive-invalid",
    what: `Cannot load ${subject}`,
    why,
    next: "make the archive again with `docker save`, `podman save` or `vial save`",
  });
}

export function layerForeign(digest: Digest): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "layer-foreign",
    what: `Cannot take the layer ${digest}: its bytes lie at another address`,
    why: "Vial fetches layers only from the registry that was asked (CVE-2020-15157)",
    next: "use an image whose layers are all in the registry or archive",
  });
}

export function storeBusy(root: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "store-busy",
    what: `Cannot repair the store "${root}": a pull, load or start is going on`,
    next: "wait until it has ended, then run `vial check --repair`",
  });
}

export function changeInvalid(text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "change-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a change of an image`,
    why,
    next: "write it like 'CMD [\"/bin/sh\"]', 'ENV A=1', 'USER 1000', 'WORKDIR /srv', 'LABEL a=b', 'EXPOSE 80', 'VOLUME /data', 'STOPSIGNAL SIGINT' or 'ENTRYPOINT [\"/init\"]'",
  });
}

/** The error of a process of ours, as it was there. */
export function relayed(parts: ErrorParts): VialError {
  return new VialError(parts);
}

export function storeFull(root: string, cause: unknown): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "store-full",
    what: `Cannot write to the store "${root}": the disk is full`,
    why: reasonOf(cause),
    next: "free space, for example with `vial image prune --all`, then run the command again",
    cause,
  });
}

/** What a failed write into the store means; anything unexpected stays as it is. */
export function storeWriteFault(root: string, cause: unknown): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (isDiskFull(cause)) return storeFull(root, cause);
  if (code === "EROFS" || code === "EACCES" || code === "EPERM") return storeUnwritable(root, cause);
  return cause;
}
