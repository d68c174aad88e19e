import { reasonOf, VialError } from "#spec";
import type { Unmet } from "./fit.ts";
import { compareReleases } from "./image-libraries.ts";

/** The first releases of distributions with a glibc, oldest first: which image would do. */
const distributions = [
  ["2.17", "Rocky Linux 7"],
  ["2.28", "Debian 10 or Rocky Linux 8"],
  ["2.31", "Debian 11 or Ubuntu 20.04"],
  ["2.34", "Rocky Linux 9"],
  ["2.35", "Ubuntu 22.04"],
  ["2.36", "Debian 12"],
  ["2.39", "Ubuntu 24.04"],
  ["2.41", "Debian 13"],
] as const;

export function gpuImageOlder(
  whose: string,
  flag: string,
  list: string,
  image: string,
  { name, file, version }: Unmet,
  own: string,
): VialError {
  const wanted = /^GLIBC_([\d.]+)$/.exec(version)?.[1];
  const example = distributions.find(
    ([release]) => wanted !== undefined && compareReleases(release, wanted) >= 0,
  );
  const newer =
    wanted === undefined
      ? `build the image on a newer distribution, whose ${file} has it`
      : `build the image on a distribution with glibc ${wanted} or later${example === undefined ? "" : ` (${example[1]})`}`;
  return new VialError({
    kind: "failed-precondition",
    code: "gpu-image-older",
    what: `Cannot give ${whose} libraries of this host to the image "${image}": its own libraries are older`,
    why: `${name} needs ${version} of ${file}, and the image has glibc ${own}, so every program that loads it would die`,
    next: `${newer}, or name the libraries of an older driver in ~/.config/vial/${list}, or leave out ${flag}`,
  });
}

export function gpuImageMusl(whose: string, flag: string, image: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "gpu-image-musl",
    what: `Cannot give ${whose} libraries of this host to the image "${image}": its C library is musl`,
    why: "the driver's libraries are made for glibc, and the loader of musl (Alpine Linux) cannot load them",
    next: `build the image on a distribution with glibc, such as Debian, or leave out ${flag}`,
  });
}

export function gpuImageForeign(whose: string, flag: string, image: string, bits: 32 | 64): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "gpu-image-foreign",
    what: `Cannot give ${whose} libraries of this host to the image "${image}": it is made for another kind of processor`,
    why: `its C library is one for ${bits === 32 ? "32-bit programs" : "another architecture"}, and the driver's libraries are this host's own`,
    next: `build the image for ${process.arch === "arm64" ? "linux/arm64" : "linux/amd64"}, or leave out ${flag}`,
  });
}

export function gpuNoPlace(whose: string, flag: string, image: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "gpu-no-place",
    what: `Cannot give ${whose} libraries to "${image}" with --writable: it has no folder for them`,
    why: "they are shown in /.singularity.d/libs, and with --writable no folder is made for a mount",
    next: `mkdir -p ${image}/.singularity.d/libs, or leave out ${flag}`,
  });
}

export function gpuListUnreadable(flag: string, file: string, error: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "gpu-list-unreadable",
    what: `Cannot read the list of ${flag}, "${file}"`,
    why: reasonOf(error),
    next: "make it readable for all, or take it away, so that the built-in list is used",
    cause: error,
  });
}
