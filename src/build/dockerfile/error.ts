import { type SourceRange, VialError } from "#spec";
import { short, withoutPassword } from "../short.ts";

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
    what: `Cannot add "${short(withoutPassword(source))}": its content is not what --checksum says`,
    why: `found ${found}, wanted ${wanted}`,
    next: "check the source, and the checksum in the recipe",
    where,
  });
}

export function fetchFailed(source: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "unavailable",
    code: "add-fetch-failed",
    what: `Cannot fetch "${short(withoutPassword(source))}"`,
    why: withoutPassword(why),
    next: "try again, or check the address",
    where,
  });
}
