import { isVialError, type VialError } from "#spec";
import type { Command } from "../command.ts";

// A command line that cannot be read, in the sentences of Docker's parser.

const codes: ReadonlySet<string> = new Set([
  "flag-unknown",
  "flag-value-missing",
  "flag-value-invalid",
  "wrong-arguments",
]);

export function isWrongWords(error: unknown): error is VialError {
  return isVialError(error) && codes.has(error.code);
}

/** The text and the exit code. `typed`: the command as it was typed, "" for none. */
export function printWrongWords(
  error: VialError,
  command: Command,
  typed: string,
): { readonly text: string; readonly code: number } {
  const program = typed === "" ? "docker" : `docker ${typed}`;
  const usage = `Usage:  ${program} ${firstLine(command.usage)}`.trimEnd();
  const isCount = error.code === "wrong-arguments";
  const sentence = isCount ? `docker: '${program}' ${countSentence(command.args)}` : flagSentence(error);
  // Docker's own two ways to say it.
  const see = isCount && command.args[1] !== 0 ? "See" : "Run";
  return {
    text: `${sentence}\n\n${usage}\n\n${see} '${program} --help' for more information\n`,
    code: isCount ? 1 : 125,
  };
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function flagSentence({ code, message, why = "" }: VialError): string {
  const quoted = [...message.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner);
  const flag = quoted.at(-1) ?? "";
  const short = /^-([^-])/.exec(flag)?.[1];
  if (code === "flag-unknown")
    return short === undefined ? `unknown flag: ${flag}` : `unknown shorthand flag: '${short}' in ${flag}`;
  if (code === "flag-value-missing")
    return short === undefined
      ? `flag needs an argument: ${flag}`
      : `flag needs an argument: '${short}' in -${short}`;
  return `invalid argument "${quoted[0] ?? ""}" for "${flag}" flag: ${why}`;
}

function countSentence([min, max]: Command["args"]): string {
  const plural = (count: number) => `${count} argument${count === 1 ? "" : "s"}`;
  if (max === 0) return "accepts no arguments";
  if (min === max) return `requires ${plural(min)}`;
  if (max === Number.POSITIVE_INFINITY) return `requires at least ${plural(min)}`;
  return min === 0
    ? `requires at most ${plural(max)}`
    : `requires at least ${min} and at most ${plural(max)}`;
}
