import { nearest } from "#kit";
import { reasonOf, VialError } from "#spec";

export function bindInvalid(flag: string, text: string, why: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "bind-invalid",
    what: `Cannot read ${JSON.stringify(text)} as a value of ${flag}`,
    why,
    next: flag === "--mount" ? "--mount type=bind,src=/data,dst=/mnt,ro" : `${flag} /data:/mnt:ro`,
  });
}

export function bindSourceMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "bind-source-missing",
    what: `Cannot bind "${path}" into the container: the host has no such file or folder`,
    next: `make it by \`mkdir -p ${path}\`, or leave the bind out`,
  });
}

export function bindRefused(path: string, error: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "bind-refused",
    what: `Cannot bind "${path}" into the container`,
    why: reasonOf(error),
    next: "look whether you may read it yourself, or leave the bind out",
    cause: error,
  });
}

export function hpcTargetRefused(path: string, why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "hpc-target-refused",
    what: `Cannot mount at "${path}" in the container`,
    why,
    next: "choose another path inside, by `--bind SOURCE:/other/path`",
  });
}

export function imageHostile(path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "image-hostile",
    what: `Cannot run this image: its ${path} is not a folder`,
    why: "the kernel's file systems are mounted there, and a link or file could send them to another place (CVE-2019-19921)",
    next: `build the image again with a folder ${path}, or without any`,
  });
}

export function mountNameUnknown(text: string, known: readonly string[]): VialError {
  const near = nearest(text, known);
  return new VialError({
    kind: "invalid-argument",
    code: "mount-name-unknown",
    what: `Cannot leave out the mount ${JSON.stringify(text)}: there is none of that name`,
    why: `--no-mount takes ${known.join(", ")}, or a path inside that begins with "/"`,
    next: `--no-mount ${near ?? "tmp"}`,
  });
}

export function variableNameInvalid(flag: string, text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "variable-name-invalid",
    what: `Cannot set ${JSON.stringify(text)} by ${flag}`,
    why: 'a variable is written NAME=VALUE, and its name has letters, digits and "_"',
    next: `${flag} NAME=VALUE`,
  });
}

export function variableNotYours(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "variable-not-yours",
    what: `Cannot set ${name} by --env`,
    why: "it follows from how the container is started",
    next: name === "HOME" ? "give another home by `--home SOURCE:/path/inside`" : "leave it out",
  });
}

export function rootFsRefused(path: string, error: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "root-fs-refused",
    what: `Cannot mount the image "${path}"`,
    why: reasonOf(error),
    next: "vial doctor",
    cause: error,
  });
}

export function imageFolderOdd(path: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "image-folder-odd",
    what: `Cannot run the folder "${path}": it holds no root file system`,
    why: "it has neither a folder bin, nor usr, nor .singularity.d",
    next: "make one by `vial build -o type=local,dest=DIR`, or give the name of an image with `--profile hpc`",
  });
}

export function appUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "not-found",
    code: "app-unknown",
    what: `Cannot find the app ${JSON.stringify(name)} in this image`,
    why: known.length === 0 ? "it has no apps in /scif/apps" : `it has ${known.join(", ")}`,
    next: near === undefined ? "leave out --app" : `did you mean "--app ${near}"?`,
  });
}

export function overlayFolderRefused(path: string, error: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "overlay-folder-refused",
    what: `Cannot keep changes in "${path}"`,
    why: reasonOf(error),
    next: "use a folder of your own on a local file system, or --writable-tmpfs",
    cause: error,
  });
}

export function writableImageFile(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "writable-image-file",
    what: `Cannot write into "${path}"`,
    why: "the file system in an image file is packed, and read-only; --writable works on a folder, and on a SIF file with an overlay",
    next: "use --writable-tmpfs, keep the changes in a folder by --overlay DIR, or `vial overlay create` in the SIF file",
  });
}

export function noScriptShell(image: string, whose: "--env-file" | "the image's own"): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "no-script-shell",
    what: `Cannot read the environment that ${JSON.stringify(image)} is to run in`,
    why:
      whose === "--env-file"
        ? "the file of --env-file does more than set variables, and the image has no /bin/sh to read it"
        : "its scripts in /.singularity.d/env do more than set variables, and it has no /bin/sh to read them",
    next:
      whose === "--env-file"
        ? "give the variables by --env NAME=VALUE"
        : "build the image again with a /bin/sh, or with simpler lines in %environment",
  });
}

export function hpcFolderMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "hpc-folder-missing",
    what: `Cannot start in the folder "${path}": the container has none of that name`,
    next: "give another by `--cwd`, or bind one by `--bind`",
  });
}

export function unpackFolderUnsafe(folder: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "unpack-folder-unsafe",
    what: `Cannot unpack an image below ${JSON.stringify(folder)}`,
    why: "it is no folder of yours alone, so that others could put their own files into what runs",
    next: "give a folder of your own by --tmpdir or VIAL_TMPDIR, or take the rights of others away: chmod go-w",
  });
}

export function instanceUnreachable(name: string, error: unknown): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "instance-unreachable",
    what: `Cannot enter the instance ${JSON.stringify(name)}`,
    why: reasonOf(error),
    next: "vial instance list",
    cause: error,
  });
}

/** As commandNotFound() of a container, with what helps where an image is a file or folder. */
export function programNotInImage(command: string, image: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "program-not-in-image",
    what: `Cannot run ${JSON.stringify(command)}: the image ${JSON.stringify(image)} has no such program`,
    why: "it is neither a path in the container nor in a folder of its PATH",
    next: `look by \`vial exec ${image} ls /usr/bin\`, or give the full path`,
  });
}
