import { type SourceRange, VialError } from "#spec";

export function recipeEmpty(file: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "recipe-empty",
    what: `Cannot build from "${file}": it has no instructions`,
    next: 'begin it with an image, such as "FROM debian:bookworm"',
  });
}

export function directiveRepeated(name: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "directive-repeated",
    what: `Cannot take the directive "${name}" twice`,
    next: "remove one of the two lines",
    where,
  });
}

export function escapeInvalid(value: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "escape-invalid",
    what: `Cannot use "${value}" as the escape character`,
    why: "it is the backslash or the backtick",
    next: "write `# escape=\\` or remove the line",
    where,
  });
}

export function instructionUnknown(word: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-unknown",
    what: `Cannot read the instruction "${short(word)}": there is none of that name`,
    next:
      near === undefined
        ? "if the line belongs to the one above, end that one with a backslash"
        : `did you mean "${near}"?`,
    where,
  });
}

export function argumentsInvalid(
  keyword: string,
  why: string,
  example: string,
  where: SourceRange,
): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "arguments-invalid",
    what: `Cannot read the arguments of ${keyword}`,
    why,
    next: `write it like \`${example}\``,
    where,
  });
}

export function flagUnknown(
  keyword: string,
  flag: string,
  known: readonly string[],
  where: SourceRange,
  near: string | undefined,
): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-flag-unknown",
    what: `Cannot read the flag "--${short(flag)}": ${keyword} has none of that name`,
    why:
      known.length === 0
        ? `${keyword} takes no flags`
        : `${keyword} has ${known.map((name) => `--${name}`).join(", ")}`,
    next:
      near !== undefined
        ? `did you mean "--${near}"?`
        : known.length === 0
          ? `if it belongs to the text, write \`${keyword} -- --${short(flag)}\``
          : "remove the flag",
    where,
  });
}

export function flagRepeated(keyword: string, flag: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-flag-repeated",
    what: `Cannot take the flag "--${flag}" of ${keyword} twice`,
    next: "remove one of the two",
    where,
  });
}

export function flagValueMissing(keyword: string, flag: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-flag-value-missing",
    what: `Cannot read the flag "--${flag}" of ${keyword}: it has no value`,
    next: `write it as \`--${flag}=VALUE\`, without a blank`,
    where,
  });
}

export function flagValueInvalid(
  keyword: string,
  flag: string,
  value: string,
  wanted: string,
  where: SourceRange,
): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-flag-value-invalid",
    what: `Cannot use "${short(value)}" as the "--${flag}" of ${keyword}`,
    why: wanted,
    next: `change the value of --${flag}`,
    where,
  });
}

export function mountInvalid(text: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "run-mount-invalid",
    what: `Cannot read the mount "${short(text)}"`,
    why,
    next: "write it like `--mount=type=cache,target=/root/.cache`",
    where,
  });
}

export function jsonNotWords(text: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "json-not-words",
    what: `Cannot take ${short(text)} as words: the JSON array holds other things than strings`,
    next: "put every element in double quotes",
    where,
  });
}

export function pairInvalid(keyword: string, word: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "pair-invalid",
    what: `Cannot read "${short(word)}" in ${keyword}: it has no value`,
    next: `write it as \`${keyword} NAME=VALUE\`, with quotes around a value that holds blanks`,
    where,
  });
}

export function heredocUnterminated(name: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "heredoc-unterminated",
    what: `Cannot find the end of the heredoc "${name}"`,
    why: `no line below is exactly "${name}"`,
    next: `add the line \`${name}\` where it ends; if "<<" is meant otherwise, put quotes around it`,
    where,
  });
}

export function heredocAsDestination(keyword: string, word: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "heredoc-as-destination",
    what: `Cannot use the heredoc "${word}" as the destination of ${keyword}`,
    next: `name a path behind it: \`${keyword} ${word} /srv/file\``,
    where,
  });
}

export function triggerRefused(keyword: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "trigger-refused",
    what: `Cannot keep ${keyword} for later: ONBUILD takes any instruction but ONBUILD, FROM and MAINTAINER`,
    next: "remove the line",
    where,
  });
}

export function substitutionInvalid(text: string, why: string, where?: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "substitution-invalid",
    what: `Cannot put the variables into ${JSON.stringify(short(text))}`,
    why,
    next: "mend what stands between the braces or the quotes, or put a backslash before a character that stands for itself",
    ...(where === undefined ? {} : { where }),
  });
}

export function variableRequired(name: string, message: string | undefined, where?: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "variable-required",
    what: `Cannot build without a value of "${name}"`,
    why: message ?? "the recipe asks for it",
    next: `give it by \`--build-arg ${name}=VALUE\`, with an \`ARG ${name}\` in the recipe`,
    ...(where === undefined ? {} : { where }),
  });
}

export function stageNameInvalid(name: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "stage-name-invalid",
    what: `Cannot name a stage "${name}"`,
    why: 'a name begins with a letter and has letters, digits, "-", "_" and "."',
    next: "choose another name",
    where,
  });
}

export function instructionBeforeFrom(keyword: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "instruction-before-from",
    what: `Cannot run ${keyword} before the first FROM: there is no image yet`,
    why: "only ARG may stand there",
    next: "put a FROM above it",
    where,
  });
}

export function fromMissing(file: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "from-missing",
    what: `Cannot build from "${file}": it has no FROM`,
    next: 'name an image, such as "FROM debian:bookworm"',
  });
}

export function baseNameEmpty(text: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "base-name-empty",
    what: `Cannot build from "${text}": the name is empty when the variables are put in`,
    why: "a FROM sees the ARGs above the first FROM, and no others",
    next: "give the ARG a default above the first FROM, or a value by `--build-arg`",
    where,
  });
}

export function platformEmpty(text: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "platform-empty",
    what: `Cannot build for the platform "${text}": it is empty when the variables are put in`,
    next: "remove the --platform, or use $BUILDPLATFORM or $TARGETPLATFORM",
    where,
  });
}

export function stageLater(name: string, line: number, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "stage-later",
    what: `Cannot build from the stage "${name}" before it is defined in line ${line}`,
    next: "move that stage up",
    where,
  });
}

export function stageNumberUnknown(number: string, count: number, where: SourceRange): VialError {
  return new VialError({
    kind: "not-found",
    code: "stage-number-unknown",
    what: `Cannot find the stage ${number}`,
    why: `the recipe has ${count}, counted from 0`,
    next: "use a number below that, or better the name of a stage",
    where,
  });
}

export function stageCycle(names: readonly string[], where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "stage-cycle",
    what: `Cannot order the stages: ${names.join(" needs ")}`,
    next: "take what both need into a stage of its own",
    where,
  });
}

export function targetUnknown(target: string, known: readonly string[], near: string | undefined): VialError {
  return new VialError({
    kind: "not-found",
    code: "target-unknown",
    what: `Cannot find the stage "${target}"`,
    why: known.length === 0 ? "the recipe names no stages" : `the recipe has ${known.join(", ")}`,
    next: near === undefined ? "leave out --target for the last stage" : `did you mean "${near}"?`,
  });
}

export function ignorePatternInvalid(pattern: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "ignore-pattern-invalid",
    what: `Cannot read the pattern "${pattern}"`,
    why,
    next: "mend the pattern or remove the line",
    where,
  });
}

export function checkOptionInvalid(option: string, why: string, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "check-option-invalid",
    what: `Cannot read "${option}" in the directive "check"`,
    why,
    next:
      near === undefined
        ? "write it like `# check=skip=StageNameCasing;error=true`"
        : `did you mean "${near}"?`,
  });
}

export function lintFailed(file: string, count: number): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "lint-failed",
    what: `Cannot build from "${file}": it goes against ${count === 1 ? "a rule" : `${count} rules`} of the linter`,
    why: 'the recipe says "check=error=true"',
    next: "mend what was found, or skip a rule by `# check=skip=RULE;error=true`",
  });
}

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
  const why =
    exitCode === 137
      ? "it was killed (137): by a signal, or because the memory ran out"
      : `it ended with the exit code ${exitCode}`;
  return new VialError({
    kind: "failed-precondition",
    code: "build-step-failed",
    what: `Cannot build: "${short(command)}" failed`,
    why:
      lastLines.length === 0
        ? why
        : `${why}; its last lines:\n${lastLines.map((line) => `    ${line}`).join("\n")}`,
    next: "mend the command, or look around right before it by `vial build --debug-shell`",
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

export function secretMissing(id: string, where: SourceRange): VialError {
  return new VialError({
    kind: "not-found",
    code: "secret-missing",
    what: `Cannot mount the secret "${id}": none of that name was given`,
    next: `vial build --secret id=${id},src=FILE ...`,
    where,
  });
}

export function sshMissing(id: string, where: SourceRange): VialError {
  return new VialError({
    kind: "not-found",
    code: "ssh-missing",
    what: `Cannot mount the ssh agent "${id}": none was given`,
    next: `start one by \`eval $(ssh-agent)\` and give it on by --ssh ${id}`,
    where,
  });
}

export function baseUnknown(
  name: string,
  near: string | undefined,
  cause: unknown,
  where: SourceRange,
): VialError {
  return new VialError({
    // A registry that is away may be back later.
    kind: near === undefined && cause instanceof VialError ? cause.kind : "not-found",
    code: "base-unknown",
    what: `Cannot begin with "${short(name)}": ${causeText(cause)}`,
    next:
      near === undefined
        ? "check the name, or `vial images` for what is here"
        : `did you mean the stage "${near}"?`,
    cause,
    where,
  });
}

export function optionUnsupported(text: string, why: string, next: string, where: SourceRange): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "build-option-unsupported",
    what: `Cannot do "${short(text)}"`,
    why,
    next,
    where,
  });
}

export function checksumWrong(source: string, wanted: string, found: string, where: SourceRange): VialError {
  return new VialError({
    kind: "data-loss",
    code: "add-checksum-wrong",
    what: `Cannot add "${short(source)}": its content is not what --checksum says`,
    why: `found ${found}, wanted ${wanted}`,
    next: "check the source, and the checksum in the recipe",
    where,
  });
}

export function fetchFailed(source: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "unavailable",
    code: "add-fetch-failed",
    what: `Cannot fetch "${short(source)}"`,
    why,
    next: "try again, or check the address",
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
    why: "the recipe itself came on the standard input",
    next: "give a folder, and the recipe by `-f -`",
    ...(where === undefined ? {} : { where }),
  });
}

export function fetchContextFailed(url: string, why: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "context-fetch-failed",
    what: `Cannot fetch the build context from "${short(url)}"`,
    why,
    next: "check the address and the reference behind the #",
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

/** Long texts are told apart by their beginning. */
function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}
