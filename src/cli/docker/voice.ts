import { StartFailure } from "#engine";
import { isVialError, type VialError } from "#spec";
import type { ErrorLook } from "../errors-out.ts";
import { errLine } from "../print.ts";
import type { Voice } from "../voice.ts";
import { dockerSentence, withTag } from "./sentence.ts";

// How the commands of Vial speak under the name docker. `verb`: "run", "volume rm".

export function dockerVoice(verb: string): Voice {
  return {
    error: verb === "run" ? "docker:" : "",
    warn: (sentence) => errLine(`WARNING: ${sentence}`),
    warningLine: (sentence) => `WARNING: ${sentence}`,
    info: (sentence) => errLine(sentence),
    manner: undefined,
    publishes: "everywhere",
    imageMissing: (name) => errLine(`Unable to find image '${withTag(name)}' locally`),
    printError: (error, look) => printDockerError(error, verb, look),
  };
}

/**
 * Docker's sentence, and for people Vial's reason and advice below it. Where the sentence is Docker's to the letter, a
 * program that reads it gets nothing else.
 */
function printDockerError(error: VialError, verb: string, look: ErrorLook): string {
  const { text, isDockers } = dockerSentence(error, verb);
  const more = look.lines === "several" || !isDockers;
  const rows = [
    error.where === undefined ? undefined : `  at:   ${error.where.file}:${error.where.from}`,
    !isDockers || error.why === undefined || !more ? undefined : `  why:  ${error.why}`,
    error.next === undefined || !more ? undefined : `  next: ${asDocker(error.next)}`,
  ].filter((row) => row !== undefined);
  const tail = verb === "run" ? "\nRun 'docker run --help' for more information\n" : "";
  const prefix = verb === "run" ? "docker: " : "";
  return `${prefix}${text}\n${rows.map((row) => `${row}\n`).join("")}${tail}`;
}

/** Advice names Vial's commands, and the one that was called is docker. */
function asDocker(next: string): string {
  return next.replaceAll(/(^|`)vial (?!doctor|tags|check)/g, "$1docker ");
}

/** Docker's exit codes: of `run` 125 for what Docker could not do; of other commands 1; 126 and 127 of a program. */
export function dockerExitCode(error: unknown, verb: string): number {
  if (error instanceof StartFailure && (verb === "run" || verb === "exec")) return error.exitCode;
  if (isVialError(error) && error.code === "input-no-terminal") return 1;
  if (isVialError(error) && error.kind === "canceled") return 130;
  return verb === "run" ? 125 : 1;
}
