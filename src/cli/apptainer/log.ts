import { err, hasColour } from "../print.ts";
import type { Voice } from "../voice.ts";
import type { PersonaName } from "./name.ts";

// Apptainer's lines for people: a word, padded, on standard error.

/** What is shown: 5 all, 1 INFO and up, -1 warnings and up, -3 errors alone (pkg/sylog of Apptainer). */
export type Level = number;

export const levels = { debug: 5, verbose: 4, normal: 1, quiet: -1, silent: -3 } as const;

export class Log {
  readonly #level: Level;
  readonly #colour: "by terminal" | "none";

  constructor(level: Level, colour: "by terminal" | "none") {
    this.#level = level;
    this.#colour = colour;
  }

  info(text: string): void {
    if (this.#level >= 1) this.#line("INFO:   ", 34, text);
  }

  warn(text: string): void {
    const line = this.warningLine(text);
    if (line !== undefined) err(`${line}\n`);
  }

  /** A warning without a newline; undefined where none is wanted. */
  warningLine(text: string): string | undefined {
    return this.#level >= -2 ? this.#text("WARNING:", 33, text) : undefined;
  }

  fatal(text: string): void {
    this.#line("FATAL:  ", 31, text);
  }

  get isDebug(): boolean {
    return this.#level >= levels.debug;
  }

  get isQuiet(): boolean {
    return this.#level < 1;
  }

  #line(word: string, colour: number, text: string): void {
    err(`${this.#text(word, colour, text)}\n`);
  }

  #text(word: string, colour: number, text: string): string {
    // Whether it is a terminal is asked when there is something to say: it takes a while to find out.
    const isColoured = this.#colour === "by terminal" && hasColour(2);
    return `${isColoured ? `\x1b[${colour}m${word}\x1b[0m` : word} ${text}`;
  }
}

/** Exit code of whatever Apptainer itself could not do. */
export const failure = 255;

/** How the commands of Vial speak under one of Apptainer's names. */
export function personaVoice(name: PersonaName, log: Log): Voice {
  return {
    error: "FATAL:  ",
    warn: (sentence) => log.warn(capital(sentence)),
    warningLine: (sentence) => log.warningLine(capital(sentence)),
    info: (sentence) => log.info(sentence),
    publishes: "loopback",
    manner: {
      sayer: "FATAL:  ",
      prompt: name === "singularity" ? "Singularity> " : "Apptainer> ",
      notFound: failure,
      notExecutable: failure,
    },
  };
}

function capital(sentence: string): string {
  return sentence.slice(0, 1).toUpperCase() + sentence.slice(1);
}
