import { flagUnknown, flagValueMissing } from "../error.ts";
import { configFileRefused } from "./error.ts";
import { type Level, levels, Log } from "./log.ts";
import type { PersonaName } from "./name.ts";

// The options before the command, and the variables that stand for them.

export interface Globals {
  readonly wants: "command" | "help" | "version";
  /** The command and what follows it. */
  readonly words: readonly string[];
  readonly log: Log;
}

/** Option, short option, level, help. */
export const globalOptions = [
  ["build-config", "", undefined, "Refused: there is no configuration for builds"],
  ["config", "c", undefined, "Refused: Vial reads no apptainer.conf"],
  ["debug", "d", levels.debug, "Show the chain of causes of an error"],
  ["help", "h", undefined, "Show this text"],
  ["nocolor", "", undefined, "No colours"],
  ["quiet", "q", levels.quiet, "Warnings and errors alone"],
  ["silent", "s", levels.silent, "Errors alone"],
  ["verbose", "v", levels.verbose, "Say more"],
  ["version", "", undefined, "Show the version"],
] as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Throws flag-unknown, flag-value-missing, config-file-refused. */
export function readGlobals(name: PersonaName, argv: readonly string[], env: Env): Globals {
  if (name === "run-singularity")
    return { wants: "command", words: ["run", ...argv], log: makeLog(levels.quiet, env, false) };
  let wants: Globals["wants"] = "command";
  let level: Level | undefined;
  let noColour = false;
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (!word.startsWith("-") || word === "-") break;
    for (const [long, letter] of spread(word)) {
      const found = globalOptions.find(
        ([option, short]) => option === long || (short !== "" && short === letter),
      );
      if (found === undefined)
        throw flagUnknown(
          self,
          word,
          globalOptions.map(([option]) => option),
        );
      if (found[0] === "config") {
        const path = word.includes("=") ? word.slice(word.indexOf("=") + 1) : argv[++index];
        if (path === undefined) throw flagValueMissing("-c, --config", "FILE");
        throw configFileRefused(path);
      }
      if (found[0] === "build-config") throw configFileRefused("--build-config");
      if (found[0] === "help" || found[0] === "version") wants = found[0];
      if (found[0] === "nocolor") noColour = true;
      // Apptainer's order: --debug beats all, then --verbose, --quiet, --silent.
      if (found[2] !== undefined) level = stronger(level, found[2]);
    }
  }
  return { wants, words: argv.slice(index), log: makeLog(level, env, noColour) };
}

const order: readonly Level[] = [levels.debug, levels.verbose, levels.quiet, levels.silent];

function stronger(one: Level | undefined, other: Level): Level {
  return one === undefined || order.indexOf(other) < order.indexOf(one) ? other : one;
}

/** `--long` as its name, `-dq` as its letters; a switch that is turned off was not asked for. */
function spread(word: string): readonly (readonly [long: string, letter: string])[] {
  if (/=(0|f|F|false|FALSE|False)$/.test(word)) return [];
  const [bare = ""] = word.split("=", 1);
  return bare.startsWith("--")
    ? [[bare.slice(2), ""]]
    : [...bare.slice(1)].map((letter) => ["", letter] as const);
}

function makeLog(asked: Level | undefined, env: Env, noColour: boolean): Log {
  const variable = (key: string) => env[`APPTAINER_${key}`] ?? env[`SINGULARITY_${key}`] ?? "";
  const isOn = (key: string) => /^(1|t|T|true|TRUE|True)$/.test(variable(key));
  const number = variable("MESSAGELEVEL");
  const said = (["debug", "verbose", "quiet", "silent"] as const).find((word) => isOn(word.toUpperCase()));
  const level =
    said !== undefined && said !== "quiet" && said !== "silent"
      ? levels[said]
      : (asked ??
        (said === undefined ? undefined : levels[said]) ??
        (/^-?\d+$/.test(number) ? Number(number) : levels.normal));
  return new Log(level, noColour || isOn("NOCOLOR") ? "none" : "by terminal");
}

/** What the parser's errors say of the program itself. */
const self = {
  name: "apptainer",
  usage: "",
  summary: "",
  flags: [],
  args: [0, Number.POSITIVE_INFINITY],
  run: () => 0,
} as const;
