import type { Healthcheck } from "#spec";
import type { BuildDefaults } from "./apply-config.ts";
import { heredocText } from "./heredoc.ts";
import type { AddInstruction, CopyInstruction, RunInstruction, StageInstruction } from "./instruction.ts";

// What `vial history` shows of each instruction, as BuildKit writes it: the forms are those of Go's fmt.

/** An instruction that makes no layer. */
export function historyText(instruction: StageInstruction, defaults: BuildDefaults): string {
  switch (instruction.kind) {
    case "env":
      return `ENV ${instruction.pairs.map(({ name, value }) => `${name}=${value}`).join(" ")}`;
    case "label":
      return `LABEL ${instruction.pairs.map(({ name, value }) => `${name}=${value}`).join(" ")}`;
    case "cmd":
      return `CMD ${quoted(defaults.Cmd ?? [])}`;
    case "entrypoint":
      return `ENTRYPOINT ${quoted(defaults.Entrypoint ?? [])}`;
    case "expose":
      return `EXPOSE map[${instruction.ports.map((port) => `${port.includes("/") ? port : `${port}/tcp`}:{}`).join(" ")}]`;
    case "volume":
      return `VOLUME [${instruction.paths.join(" ")}]`;
    case "user":
      return `USER ${instruction.user}`;
    case "stopsignal":
      return `STOPSIGNAL ${instruction.signal}`;
    case "shell":
      return `SHELL [${instruction.words.join(" ")}]`;
    case "onbuild":
      return `ONBUILD ${instruction.expression}`;
    case "maintainer":
      return `MAINTAINER ${instruction.name}`;
    case "healthcheck":
      return `HEALTHCHECK ${healthcheckText(defaults.Healthcheck ?? {})}`;
    default:
      return instruction.line;
  }
}

/** A COPY or ADD with its variables put in. Where it copies from is not in it: a stage may have any name. */
export function copyText(instruction: CopyInstruction | AddInstruction): string {
  const { kind, chown, chmod, sources, files, destination } = instruction;
  return [
    kind.toUpperCase(),
    ...(kind === "copy" && instruction.parents ? ["--parents"] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...sources,
    ...files.map(({ name }) => `<<${name}`),
    destination,
    "# buildkit",
  ].join(" ");
}

export function heredocsText(instruction: RunInstruction): string {
  return instruction.heredocs.map((heredoc) => `<<${heredoc.name} (${heredocText(heredoc)})`).join(" ");
}

/** %q of a list of strings. */
function quoted(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(" ")}]`;
}

/** %q of the struct: durations are strings to it, and the count is a character. */
function healthcheckText(check: Healthcheck): string {
  const times = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval];
  const count = (check.Retries ?? 0).toString(16).padStart(2, "0");
  return `&{${quoted(check.Test ?? [])} ${times.map((time) => `"${duration(time ?? 0)}"`).join(" ")} '\\x${count}'}`;
}

/** Nanoseconds as Go's time.Duration prints them, for what a recipe can say. */
function duration(nanoseconds: number): string {
  const seconds = nanoseconds / 1e9;
  if (seconds === 0) return "0s";
  if (seconds < 1) return `${nanoseconds / 1e6}ms`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  return minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}
