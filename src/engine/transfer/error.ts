import { VialError } from "#spec";

export function placeInvalid(text: string, why: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "place-invalid",
    what: `Cannot use ${JSON.stringify(text)} as the place of an image`,
    why,
    next,
  });
}

export function placeUnknown(text: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "place-unknown",
    what: `Cannot read the image ${JSON.stringify(text)}: no such file or folder`,
    next: `ls -l ${text}`,
  });
}

export function placeUnclear(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "place-unclear",
    what: `Cannot tell which archive ${JSON.stringify(text)} shall be`,
    why: "there are two forms of image archives, which end alike",
    next: `write oci-archive:${text} or docker-archive:${text}`,
  });
}

export function targetTaken(path: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "target-taken",
    what: `Cannot write the image ${JSON.stringify(path)}: something of that name is there`,
    next: "give another name, or --force to replace it",
  });
}

export function targetUnwritable(path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "target-unwritable",
    what: `Cannot write the image ${JSON.stringify(path)}`,
    why,
    next: "give a place with room that you may write to",
  });
}

export function targetOdd(place: string, why: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "target-odd",
    what: `Cannot send an image to ${JSON.stringify(place)}`,
    why,
    next,
  });
}

export function tagMissing(place: string, tag: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "not-found",
    code: "archive-tag-unknown",
    what: `Cannot find the tag ${JSON.stringify(tag)} in ${JSON.stringify(place)}`,
    why:
      known.length === 0
        ? "its images have no names"
        : `its images are named ${known.slice(0, 6).join(", ")}`,
    next: "give one of these, or leave the tag out where there is one image alone",
  });
}

export function tagNeeded(place: string, known: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "archive-tag-needed",
    what: `Cannot tell which image of ${JSON.stringify(place)} is meant`,
    why: `it holds ${known.length}: ${known.slice(0, 6).join(", ")}`,
    next: `write the tag behind a colon, as in ${place}:TAG`,
  });
}

export function artifactNotSif(name: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "artifact-not-sif",
    what: `Cannot pull "oras://${name}": it is not a SIF file`,
    why,
    next: `if it is an image of containers, write docker://${name}`,
  });
}

export function ociSifOdd(path: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "oci-sif-odd",
    what: `Cannot read the image in the OCI-SIF file ${JSON.stringify(path)}`,
    why,
    next: `run \`vial sif list ${path}\` to see what is in it`,
  });
}

export function cacheFolderUnsafe(folder: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "cache-folder-unsafe",
    what: `Cannot keep images in the folder ${JSON.stringify(folder)}`,
    why: "it is not yours alone, so another person could put his own image there",
    next: `chmod go-w ${folder}, or set VIAL_CACHE_DIR to a folder of your own`,
  });
}

export function cacheFolderUnwritable(folder: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "cache-folder-unwritable",
    what: `Cannot keep images in the folder ${JSON.stringify(folder)}`,
    why,
    next: "set VIAL_CACHE_DIR to a folder that you may write to",
  });
}

export function ociSifLayered(path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "oci-sif-layered",
    what: `Cannot mount the OCI-SIF file ${JSON.stringify(path)} as it is`,
    why: "its files are in several layers",
    next: `vial convert ${path} image.sif`,
  });
}

export function conversionInterrupted(place: string): VialError {
  return new VialError({
    kind: "canceled",
    code: "conversion-interrupted",
    what: `Cannot convert ${JSON.stringify(place)}: it was interrupted`,
    next: "run it again; what a registry has sent is kept for that",
  });
}
