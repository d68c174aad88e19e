import { showControls } from "#kit";
import { isVialError, type VialError } from "#spec";
import { hostRefused } from "./error.ts";
import { bugExitCode, exitCodeOfKind } from "./exit.ts";
import { err, hasColour, isTerminal } from "./print.ts";
import { voice } from "./voice.ts";

export interface ErrorLook {
  /** Several lines for people; one line for machines otherwise. */
  readonly lines: "several" | "one";
  readonly colour: boolean;
  /** The chain of causes, with stacks. */
  readonly debug: boolean;
}

/** Prints an error to standard error and gives the exit code of its kind. */
export function reportError(thrown: unknown, options: { readonly debug: boolean }): number {
  const error = asVialError(thrown);
  const look: ErrorLook = {
    lines: isTerminal(2) ? "several" : "one",
    colour: hasColour(2),
    debug: options.debug,
  };
  err(error === undefined ? printBug(thrown, look) : printError(error, look));
  return error === undefined ? bugExitCode : exitCodeOfKind[error.kind];
}

/** The VialError itself, or the host's refusal (a full disk, no permission) as one; undefined for a bug. */
function asVialError(thrown: unknown): VialError | undefined {
  return isVialError(thrown) ? thrown : hostRefused(thrown);
}

/** The text of an error, ending in a newline. */
export function printError(error: VialError, look: ErrorLook): string {
  const own = voice().printError?.(error, look);
  if (own !== undefined) return visible(own) + (look.debug ? printCauses(error) : "");
  const paint = painter(look.colour);
  const where = error.where === undefined ? undefined : printRange(error.where);
  if (look.lines === "one") {
    const why = error.why === undefined ? "" : ` (${oneLine(error.why)})`;
    const next = error.next === undefined ? "" : ` [next: ${oneLine(error.next)}]`;
    const at = where === undefined ? "" : ` at ${where}`;
    return `${voice().error} ${oneLine(error.message)}${at}${why}${next}\n${look.debug ? printCauses(error) : ""}`;
  }
  const row = (name: string, text: string | undefined) =>
    text === undefined ? "" : `  ${paint.dim(`${name}:`.padEnd(5))} ${indent(visible(text), 8)}\n`;
  return (
    `${paint.red(voice().error)} ${indent(visible(error.message), voice().error.length + 1)}\n` +
    row("at", where) +
    row("why", error.why) +
    row("next", error.next) +
    (look.debug ? printCauses(error) : "")
  );
}

function printBug(thrown: unknown, look: ErrorLook): string {
  const paint = painter(look.colour);
  const text =
    thrown instanceof Error ? (thrown.stack ?? `${thrown.name}: ${thrown.message}`) : String(thrown);
  return (
    `${paint.red(voice().error)} This is a bug in Vial, please report it with these lines\n` +
    `${indent(visible(`  ${text}`), 2)}\n` +
    (look.debug && thrown instanceof Error ? printCauses(thrown) : "")
  );
}

function printRange(where: NonNullable<VialError["where"]>): string {
  return where.from === where.to ? `${where.file}:${where.from}` : `${where.file}:${where.from}-${where.to}`;
}

function printCauses(error: Error): string {
  let text = `  stack: ${indent(visible(error.stack ?? ""), 4)}\n`;
  let depth = 0;
  for (let cause = error.cause; cause !== undefined && depth < 20; depth++) {
    const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    const code = isVialError(cause) ? ` [${cause.kind}, ${cause.code}]` : "";
    const why = isVialError(cause) && cause.why !== undefined ? `\nwhy: ${cause.why}` : "";
    text += `  cause${code}: ${indent(visible(detail + why), 4)}\n`;
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return text;
}

function visible(text: string): string {
  return showControls(text, "\n\t");
}

function oneLine(text: string): string {
  const lines = text
    .split("\n")
    .map((line) => line.trim().replace(/;$/, ""))
    .filter((line) => line !== "");
  // What follows a colon belongs to it: "its last lines: ..."
  const [first = "", ...rest] = lines;
  return visible(
    rest.reduce((row, line) => (row.endsWith(":") ? `${row} ${line}` : `${row}; ${line}`), first),
  );
}

function indent(text: string, columns: number): string {
  return text.trimEnd().replaceAll("\n", `\n${" ".repeat(columns)}`);
}

function painter(colour: boolean) {
  const code = (number: number) => (text: string) => (colour ? `\x1b[${number}m${text}\x1b[0m` : text);
  return { red: code(31), dim: code(2) };
}
