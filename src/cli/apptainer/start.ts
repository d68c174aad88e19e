import { isVialError } from "#spec";
import { enterHpc } from "../hpc/enter.ts";
import { err, out } from "../print.ts";
import { speakAs } from "../voice.ts";
import { carryOut, isUsageError, report } from "./carry-out.ts";
import { findPersonaCommand, groups, nearCommand } from "./commands.ts";
import { personaCommandNotHere } from "./error.ts";
import { actionForm } from "./form.ts";
import { type Globals, readGlobals } from "./globals.ts";
import { printGroupHelp, printHelp, printOverview, printUsageError } from "./help.ts";
import { links } from "./links.ts";
import { levels, Log, personaVoice } from "./log.ts";
import { anewWord, type PersonaName } from "./name.ts";
import type { PersonaCommand } from "./option.ts";
import { versionLine } from "./version.ts";

/** Exit code of a command line that cannot be read. */
const wrongWords = 1;

/**
 * Runs a command line of Apptainer to its end, prints its errors and gives the exit code. `isAnew`: this process has been
 * started in the namespaces that the command needs.
 */
export async function start(
  name: PersonaName,
  argv: readonly string[],
  { isAnew }: { readonly isAnew: boolean },
): Promise<number> {
  let globals: Globals;
  try {
    globals = readGlobals(name, argv, process.env);
  } catch (error) {
    const log = new Log(levels.normal, "by terminal");
    speakAs(personaVoice(name, log));
    return isUsageError(error) ? wrong(undefined, error) : report(error, log);
  }
  const { wants, words, log } = globals;
  speakAs(personaVoice(name, log));
  const [first] = words;
  if (wants === "version") return show(`${versionLine}\n`);
  if (wants === "help") return show(printOverview());
  if (first === undefined) {
    err(printOverview());
    return wrongWords;
  }
  if (first === "help") return help(words.slice(1));
  const found = findPersonaCommand(words);
  if (found === undefined) return unknown(first);
  if ("group" in found) {
    if (words[1] === "--help" || words[1] === "-h") return show(printGroupHelp(found.group));
    if (words[1] !== undefined) return unknown(words.slice(0, 2).join(" "));
    err(printGroupHelp(found.group));
    return wrongWords;
  }
  const { command } = found;
  const rest = words.slice(found.words);
  if (asksForHelp(command, rest)) return show(printHelp(command));
  try {
    const link = Object.hasOwn(links, command.name) ? links[command.name] : undefined;
    if (command.state.is !== "works" || link === undefined)
      throw personaCommandNotHere(
        `apptainer ${command.name}`,
        command.state.is === "refused" ? "refused" : "not-yet",
        command.state.note ?? "",
      );
    const form = actionForm(name === "run-singularity" ? words : argv, process.env);
    if (form?.startsAnew === true && !isAnew) enterHpc(form, [anewWord, name, ...argv]);
    const { command: vial } = await link.load();
    const { args, more, says } = link;
    return await carryOut({ name, argv, command, rest, log, vial, args, more, says });
  } catch (error) {
    return isUsageError(error) ? wrong(command, error) : report(error, log);
  }
}

/** Behind the image of `exec` it belongs to the program. */
function asksForHelp(command: PersonaCommand, rest: readonly string[]): boolean {
  const end = command.interspersed === false ? firstArgument(command, rest) : rest.length;
  return rest.slice(0, end).some((word, index) => {
    if (word !== "--help" && (word !== "-h" || command.options.some(({ short }) => short === "h")))
      return false;
    return !rest.slice(0, index).includes("--");
  });
}

function firstArgument(command: PersonaCommand, rest: readonly string[]): number {
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? "";
    if (!word.startsWith("-") || word === "-" || word === "--") return index;
    if (word.includes("=")) continue;
    const option = word.startsWith("--")
      ? command.options.find((entry) => entry.name === word.slice(2))
      : command.options.find((entry) => entry.short === word.at(-1));
    if (option !== undefined && option.kind !== "bool") index++;
  }
  return rest.length;
}

function help(words: readonly string[]): number {
  const [first] = words;
  if (first === undefined) return show(printOverview());
  const found = findPersonaCommand(words);
  if (found === undefined) return unknown(first);
  return show("group" in found ? printGroupHelp(found.group) : printHelp(found.command));
}

function unknown(name: string): number {
  const near = groups.includes(name.split(" ")[0] ?? "") ? undefined : nearCommand(name);
  const hint = near === undefined ? "" : `\n\nDid you mean this?\n\t${near}`;
  err(printUsageError(undefined, `unknown command "${name}" for "apptainer"${hint}`));
  return wrongWords;
}

/** In the words that scripts look for, where Apptainer's parser has some. */
function wrong(command: PersonaCommand | undefined, error: unknown): number {
  const { code, message, why } = isVialError(error)
    ? error
    : { code: "", message: String(error), why: undefined };
  const [, flag = ""] = / has no flag "([^"]+)"$/.exec(message) ?? [];
  const sentence =
    code === "flag-unknown"
      ? flag.startsWith("--")
        ? `unknown flag: ${flag}`
        : `unknown shorthand flag: '${flag.slice(1, 2)}' in ${flag}`
      : `${message.replace(/^Cannot read the command line: /, "")}${why === undefined ? "" : `: ${why}`}`;
  err(printUsageError(command, sentence));
  return wrongWords;
}

function show(text: string): number {
  out(text);
  return 0;
}
