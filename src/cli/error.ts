import { nearest } from "#kit";
import { VialError } from "#spec";
import type { Command } from "./command.ts";

export function flagUnknown(command: Command, flag: string, known: readonly string[]): VialError {
  const near = nearest(flag.replace(/^-+/, ""), known);
  return new VialError({
    kind: "invalid-argument",
    code: "flag-unknown",
    what: `Cannot read the command line: "${command.name}" has no flag "${flag}"`,
    next: near === undefined ? `see \`vial ${command.name} --help\`` : `did you mean "--${near}"?`,
  });
}

export function flagValueMissing(flag: string, value: string | undefined): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-value-missing",
    what: `Cannot read the command line: "${flag}" needs a value`,
    next: `write ${flag.split(", ").at(-1)}=${value ?? "VALUE"}`,
  });
}

export function flagValueInvalid(flag: string, value: string, wanted: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "flag-value-invalid",
    what: `Cannot read the value ${JSON.stringify(value)} of "${flag}"`,
    why: `it has to be ${wanted}`,
    next: `give "${flag}" ${wanted}`,
  });
}

export function wrongArguments(command: Command, count: number): VialError {
  const [min, max] = command.args;
  const wanted =
    min === max
      ? `exactly ${min}`
      : max === Number.POSITIVE_INFINITY
        ? `at least ${min}`
        : `${min} to ${max}`;
  return new VialError({
    kind: "invalid-argument",
    code: "wrong-arguments",
    what: `Cannot read the command line: "${command.name}" takes ${wanted} argument${wanted.endsWith(" 1") ? "" : "s"}, and ${count} ${count === 1 ? "was" : "were"} given`,
    next: `vial ${command.name} ${command.usage}`,
  });
}

export function commandUnknown(name: string, known: readonly string[]): VialError {
  const near = nearest(name, known);
  return new VialError({
    kind: "invalid-argument",
    code: "command-unknown",
    what: `Cannot run ${JSON.stringify(name)}: Vial has no such command`,
    next: near === undefined ? "see `vial help`" : `did you mean \`vial ${near}\`?`,
  });
}
