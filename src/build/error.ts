import { type SourceRange, VialError } from "#spec";
import { short, withoutPassword } from "./short.ts";

export function copySourceMissing(
  source: string,
  title: string,
  near: string | undefined,
  ignored: boolean,
  where: SourceRange | undefined,
): VialError {
  return new VialError({
    kind: "not-found",
    code: "build-source-missing",
    what: `Cannot copy "${short(source)}": ${title} has no such file`,
    ...(ignored ? { why: "the .dockerignore leaves it out" } : {}),
    next: ignored
      ? `add "!${source}" to the .dockerignore, or do not copy it`
      : near === undefined
        ? "give a path that is there, as seen from the top of it"
        : `did you mean "${near}"?`,
    ...(where === undefined ? {} : { where }),
  });
}

export function copyTooDeep(path: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "build-source-too-deep",
    what: `Cannot copy "${short(path)}": its folders do not end`,
    why: "a link in it leads back to a folder above",
    next: "copy the folders below it one by one, or remove the link",
  });
}

export function copySourceOutside(source: string, title: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "build-source-outside",
    what: `Cannot copy "${short(source)}": it lies outside of ${title}`,
    next: "move it inside, or give its folder a name by `--build-context NAME=PATH` and copy --from=NAME",
    ...(where === undefined ? {} : { where }),
  });
}

export function fileUnreadable(title: string, cause: Error, where: SourceRange): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "build-file-unreadable",
    what: `Cannot do "${short(title)}": a file may not be read or changed`,
    why: cause.message,
    next: "give yourself the permission by chmod u+r, or leave the file out in the .dockerignore",
    cause,
    where,
  });
}

export function copyOverFolder(path: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "conflict",
    code: "build-over-folder",
    what: `Cannot put a file at "${path}": a folder with files is there`,
    next: `end the destination with a slash to put it into the folder, or remove that first by RUN rm -r ${path}`,
    ...(where === undefined ? {} : { where }),
  });
}

export function copyOverOther(path: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "conflict",
    code: "build-over-file",
    what: `Cannot make the folder "${path}": a file is there`,
    next: `choose another destination, or remove it first by RUN rm ${path}`,
    ...(where === undefined ? {} : { where }),
  });
}

export function copyManyToOne(destination: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "build-many-to-one",
    what: `Cannot copy several sources to "${destination}": it is not written as a folder`,
    next: `end it with a slash: ${destination}/`,
    ...(where === undefined ? {} : { where }),
  });
}

export function modeInvalid(text: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "chmod-invalid",
    what: `Cannot set the mode "${short(text)}"`,
    why: "a mode is octal digits such as 0755, or letters such as u=rwX,go=rX",
    next: "write it like --chmod=0644",
    ...(where === undefined ? {} : { where }),
  });
}

export function programFailed(
  command: string,
  end: { readonly exitCode: number; readonly lastLines: readonly string[] },
  where: SourceRange | undefined,
): VialError {
  const { exitCode, lastLines } = end;
  return new VialError({
    kind: "failed-precondition",
    code: "build-step-failed",
    what: `Cannot build: "${short(command)}" failed`,
    why: `${endText(exitCode)}${linesText(lastLines)}`,
    next: "mend the command, or look around right before it by `vial build --debug-shell`",
    ...(where === undefined ? {} : { where }),
  });
}

/** `lack`: what the disk has too little of. */
export function programWithoutRoom(
  command: string,
  lack: string,
  end: { readonly exitCode: number; readonly lastLines: readonly string[] },
  where: SourceRange | undefined,
): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "build-disk-full",
    what: `Cannot build: "${short(command)}" failed, and ${lack}`,
    why: `${endText(end.exitCode)}${linesText(end.lastLines)}`,
    next: "free space by `vial builder prune` or `vial image prune --all`, or set VIAL_ROOT to a folder on a larger disk",
    ...(where === undefined ? {} : { where }),
  });
}

function endText(exitCode: number): string {
  return exitCode === 137
    ? "it was killed (137): by a signal, or because the memory ran out"
    : `it ended with the exit code ${exitCode}`;
}

function linesText(lastLines: readonly string[]): string {
  return lastLines.length === 0
    ? ""
    : `; its last lines:\n${lastLines.map((line) => `    ${line}`).join("\n")}`;
}

/** `machine`: the architecture that the program is made for, where it is known. */
export function programForeign(
  command: string,
  program: string,
  machine: string | undefined,
  where: SourceRange | undefined,
): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "build-program-foreign",
    what: `Cannot start "${short(command)}": this machine cannot run "${short(program)}"`,
    why:
      machine === undefined
        ? "Exec format error: it is no program for this machine, or a script without a #! line"
        : `it is made for ${machine}, and no emulator for that is registered here (binfmt_misc)`,
    next:
      machine === undefined
        ? "begin the script with a line such as #!/bin/sh, or run it by RUN sh FILE"
        : "apt-get install qemu-user-static, or build for this machine's platform",
    ...(where === undefined ? {} : { where }),
  });
}

export function programNotStarted(command: string, why: string, where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "build-step-not-started",
    what: `Cannot start "${short(command)}"`,
    why,
    next: "look whether the image has the program and its shell, or choose another by SHELL",
    ...(where === undefined ? {} : { where }),
  });
}

export function baseUnknown(
  name: string,
  near: string | undefined,
  cause: unknown,
  where: SourceRange,
): VialError {
  const fault = cause instanceof VialError ? cause : undefined;
  const text = causeText(cause);
  const isShort = text !== fault?.message;
  const why = [...(isShort ? [] : [text]), ...(fault?.why === undefined ? [] : [fault.why])].join(": ");
  return new VialError({
    // A registry that is away may be back later.
    kind: near === undefined && fault !== undefined ? fault.kind : "not-found",
    code: "base-unknown",
    what: `Cannot begin with "${short(name)}"${isShort ? `: ${text}` : ""}`,
    ...(why === "" ? {} : { why }),
    next:
      near === undefined
        ? (fault?.next ?? "check the name, or `vial images` for what is here")
        : `did you mean the stage "${near}"?`,
    cause,
    where,
  });
}

export function contextMissing(path: string): VialError {
  return new VialError({
    kind: "not-found",
    code: "context-missing",
    what:
      path === "-"
        ? "Cannot read the build context from the standard input: it is no tar archive"
        : `Cannot use "${short(path)}" as the build context: there is no such folder`,
    next: "give a folder, an archive on the standard input by `-`, or the address of a git repository",
  });
}

export function contextNone(where: SourceRange | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "context-none",
    what: "Cannot copy from the build context: there is none",
    why: "the recipe itself came in its place, on the standard input or from an address",
    next: "give a folder, and the recipe by `-f -`; or an archive with both",
    ...(where === undefined ? {} : { where }),
  });
}

export function fetchContextFailed(url: string, why: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "context-fetch-failed",
    what: `Cannot fetch the build context from "${short(withoutPassword(url))}"`,
    why: withoutPassword(why),
    next: "check the address, and of a git repository the reference behind the #",
  });
}

export function archiveDamaged(packing: string, cause: unknown): VialError {
  return new VialError({
    kind: "data-loss",
    code: "archive-damaged",
    what: `Cannot unpack the archive: it begins as one of ${packing} and is damaged`,
    why: causeText(cause),
    next: "fetch or make the archive again; `ADD --unpack=false` copies it as it is",
    cause,
  });
}

export function aptLineInvalid(word: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "apt-line-invalid",
    what: `Cannot read "${short(word)}" in apt.txt: it is no name of a package`,
    next: "write names such as `libpq5` or `libpq5=15.3-0`, one a line",
    where,
  });
}

export function condaUnsupported(file: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "conda-unsupported",
    what: `Cannot propose a recipe for "${file}"`,
    why: "it needs micromamba or conda, which Debian has no package of",
    next: `write a Dockerfile that begins with an image with micromamba, and has \`RUN micromamba install -y -n base -f ${file}\``,
  });
}

export function variationRefused(why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "build-variation-refused",
    what: "Cannot show the files in another order to check the build",
    why: `disorderfs: ${why}`,
    next: "remove the package disorderfs, and the check leaves the order of files as it is",
  });
}

export function notReproducible(steps: number, all: number): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "build-not-reproducible",
    what: `Cannot say that this build gives the same bytes every time: ${steps} of ${all} steps did not`,
    why: "the files above differ between two runs of the same step on the same files",
    next: "mend the steps named above, and check again; docs/build.md tells what makes builds differ",
  });
}

export function buildCanceled(): VialError {
  return new VialError({
    kind: "canceled",
    code: "build-canceled",
    what: "Cannot go on building: it was stopped",
  });
}

function causeText(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text.replace(/^Cannot [^:]*: /, "");
}
