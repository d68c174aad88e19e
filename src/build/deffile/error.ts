import { type SourceRange, VialError } from "#spec";
import { short } from "../short.ts";

export function definitionEmpty(file: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "definition-empty",
    what: `Cannot build from "${file}": it has no stage`,
    next: 'begin it with "Bootstrap: docker" and "From: debian:bookworm"',
  });
}

export function headerMissing(why: string, next: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "header-missing",
    what: "Cannot build a stage without a header",
    why,
    next,
    where,
  });
}

export function headerLineInvalid(line: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "header-line-invalid",
    what: `Cannot read the header line "${short(line)}": it has no colon`,
    why: "above the first section, every line is KEYWORD: VALUE",
    next:
      near === undefined
        ? 'put it below the section that it belongs to, such as "%post"'
        : `did you mean "${near}"?`,
    where,
  });
}

export function headerKeywordUnknown(word: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "header-keyword-unknown",
    what: `Cannot read the header keyword "${short(word)}": there is none of that name`,
    next: near === undefined ? "remove the line" : `did you mean "${near}"?`,
    where,
  });
}

export function headerValueMissing(keyword: string, agent: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "header-value-missing",
    what: `Cannot build with "Bootstrap: ${short(agent)}": the header has no value of "${keyword}"`,
    next: `add a line \`${keyword}: VALUE\` below it`,
    where,
  });
}

export function headerValueInvalid(
  keyword: string,
  value: string,
  why: string,
  where: SourceRange,
): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "header-value-invalid",
    what: `Cannot use "${short(value)}" as the value of "${keyword}"`,
    why,
    next: `change the line \`${keyword}: ...\``,
    where,
  });
}

export function sectionUnknown(word: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "section-unknown",
    what: `Cannot read the section "%${short(word)}": there is none of that name`,
    why: 'a line whose first word begins with "%" begins a section, also inside of a script',
    next:
      near === undefined
        ? 'if the line belongs to a script, begin it with another character, such as a quote around the "%"'
        : `did you mean "%${near}"?`,
    where,
  });
}

export function appNameInvalid(section: string, name: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "app-name-invalid",
    what:
      name === ""
        ? `Cannot read "%${section}" without the name of an app`
        : `Cannot name an app "${short(name)}"`,
    why: 'the name becomes a folder below "/scif/apps"',
    next: `write it like \`%${section} NAME\`, with letters, digits, "-", "_" and "."`,
    where,
  });
}

export function filesArgumentsInvalid(text: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "files-arguments-invalid",
    what: `Cannot read "${short(text)}" behind "%files"`,
    next: "write `%files` for files of the host, or `%files from STAGE`",
    where,
  });
}

export function filesLineInvalid(line: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "files-line-invalid",
    what: `Cannot read the line "${short(line)}" of "%files"`,
    why,
    next: "write `SOURCE DESTINATION`, with double quotes around a name that holds blanks",
    where,
  });
}

export function definitionStageUnknown(
  name: string,
  why: string,
  where: SourceRange,
  near: string | undefined,
): VialError {
  return new VialError({
    kind: "not-found",
    code: "definition-stage-unknown",
    what: `Cannot copy from the stage "${short(name)}"`,
    why,
    next: near === undefined ? "name a stage that stands above by `Stage: NAME`" : `did you mean "${near}"?`,
    where,
  });
}

export function definitionStageRepeated(name: string, line: number, where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "definition-stage-repeated",
    what: `Cannot name two stages "${short(name)}": the other one begins in line ${line}`,
    next: "give one of the two another name",
    where,
  });
}

export function agentUnknown(agent: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "agent-unknown",
    what: `Cannot begin from "Bootstrap: ${short(agent)}": there is no agent of that name`,
    next: near === undefined ? "use `Bootstrap: docker` with `From: IMAGE`" : `did you mean "${near}"?`,
    where,
  });
}

export function agentUnsupported(agent: string, why: string, next: string, where: SourceRange): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "agent-unsupported",
    what: `Cannot begin from "Bootstrap: ${agent}"`,
    why,
    next,
    where,
  });
}

export function buildArgumentInvalid(text: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "build-argument-invalid",
    what: `Cannot read the build argument "${short(text)}": it is no NAME=VALUE`,
    next: "write it as `--build-arg NAME=VALUE`",
  });
}

export function placeholderUndefined(name: string, where: SourceRange, near: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "placeholder-undefined",
    what: `Cannot fill in "{{ ${name} }}": it has no value`,
    why: `neither --build-arg, --build-arg-file nor the section "%arguments" of this stage names it`,
    next:
      near === undefined
        ? `give it by \`--build-arg ${name}=VALUE\`, or put \`${name}=VALUE\` below "%arguments"`
        : `did you mean "${near}"?`,
    where,
  });
}

export function placeholdersTooLarge(where: SourceRange): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "placeholders-too-large",
    what: "Cannot fill in the values of this line: it becomes longer than a million characters",
    next: 'make the values below "%arguments" shorter',
    where,
  });
}

export function buildArgumentsUnused(names: readonly string[], near: string | undefined): VialError {
  const one = names.length === 1;
  return new VialError({
    kind: "invalid-argument",
    code: "build-arguments-unused",
    what: `Cannot use the build ${one ? "argument" : "arguments"} ${names.map((name) => `"${name}"`).join(", ")}: the recipe has no place for ${one ? "it" : "them"}`,
    next:
      near === undefined
        ? "remove it, or build with `--warn-unused-build-args`"
        : `did you mean "${near}"? To go on all the same, build with \`--warn-unused-build-args\``,
  });
}

export function agentNotYet(agent: string, why: string, where: SourceRange): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "definition-agent-not-yet",
    what: `Cannot begin with the agent "${agent}"`,
    why,
    next: "begin with an image by `Bootstrap: docker`, or with a folder by `Bootstrap: localimage`",
    where,
  });
}

export function hostScriptFailed(
  section: string,
  exitCode: number,
  output: string,
  where: SourceRange,
): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "definition-host-script-failed",
    what: `Cannot build: ${section} failed`,
    why: `it ended with the exit code ${exitCode}${output === "" ? "" : `; its last lines:\n${output}`}`,
    next: "mend the section; it runs on this machine, outside of the image",
    where,
  });
}

/** A sentence for a warning. */
export function postHindered(reason: string): string {
  return `%post is run again as one step: ${reason}`;
}
