import { VialError } from "#spec";

export function overlaySizeInvalid(size: string, least: number): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "overlay-size-invalid",
    what: `Cannot make an overlay of ${size} MiB`,
    why: `it has to be a whole number from ${least} on`,
    next: `--size ${least}`,
  });
}

export function overlayPathInvalid(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "overlay-path-invalid",
    what: `Cannot make the folder ${JSON.stringify(path)} in an overlay`,
    why: 'it has to be a path inside, without ".."',
    next: "--create-dir /data",
  });
}

export function overlayFileTaken(path: string): VialError {
  return new VialError({
    kind: "already-exists",
    code: "overlay-file-taken",
    what: `Cannot make an overlay at "${path}": there is a file already`,
    next: "give another name, or the name of a SIF file to add one to it",
  });
}

export function overlaySifUnfit(path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "overlay-sif-unfit",
    what: `Cannot add an overlay to "${path}"`,
    why,
    next: "make one in a file of its own: `vial overlay create changes.img`",
  });
}
