import { openEngine } from "#engine";
import type { Command } from "../command.ts";
import { reportError } from "../errors-out.ts";
import { becomeMapped } from "../mapped.ts";
import { type Flags, parseCommandLine } from "../parse.ts";
import { err, out } from "../print.ts";
import { chooseEndpoint, type RemoteEndpoint } from "../remote/endpoint.ts";
import { speakAs } from "../voice.ts";
import { type Found, findDockerCommand } from "./commands.ts";
import { dockerCommandNotHere } from "./error.ts";
import { extend, refuseAbsent } from "./extend.ts";
import { type DockerGlobals, endpointWish, globalCommand, readDockerGlobals } from "./globals.ts";
import { anewWord } from "./name.ts";
import { dockerExitCode, dockerVoice } from "./voice.ts";
import { isWrongWords, printWrongWords } from "./wrong-words.ts";

/** Runs a command line of docker to its end, prints its errors and gives the exit code. */
export async function start(argv: readonly string[]): Promise<number> {
  let globals: DockerGlobals;
  try {
    globals = readDockerGlobals(argv);
  } catch (error) {
    speakAs(dockerVoice(""));
    return isWrongWords(error) ? wrong(error, globalCommand, "") : report(error, "", false);
  }
  const { flags, words } = globals;
  const config = flags.filled("config");
  if (config !== undefined) process.env.DOCKER_CONFIG = config;
  const [first = "", second] = words;
  if (flags.bool("version")) return show((await import("./command/version.ts")).versionLine);
  if (flags.bool("help") || words.length === 0) return await help([]);
  if (first === "help") return await help(words.slice(1));
  const found = findDockerCommand(words);
  if (found === undefined) return unknown(first, second);
  if ("group" in found) {
    const isAsked = second === "--help" || second === "-h";
    const { printDockerGroup } = await import("./help.ts");
    const text = await printDockerGroup(found.group);
    if (isAsked) return show(text);
    err(text);
    return 0;
  }
  return await carryOut(found, globals, argv);
}

async function carryOut(
  found: Found,
  { flags, words }: DockerGlobals,
  argv: readonly string[],
): Promise<number> {
  const rest = words.slice(found.words);
  speakAs(dockerVoice(found.name));
  let command: Command | undefined;
  try {
    if (found.load === undefined) throw dockerCommandNotHere(found.typed, found.reason ?? "");
    const engine = isOfClient(found.name) ? undefined : chooseRemote(flags);
    const { command: vial } = await found.load();
    command = extend(vial, found.name);
    if (asksForHelp(command, rest))
      return show((await import("./help.ts")).printDockerHelp(vial, found.typed));
    const parsed = parseCommandLine(command, rest);
    refuseAbsent(vial, found.name, parsed.flags);
    if (engine !== undefined) {
      const { carryOutThere } = await import("../remote/carry-out.ts");
      return await carryOutThere(engine, command, parsed, { name: found.name, typed: found.typed });
    }
    becomeMapped(vial, parsed, [anewWord, ...argv]);
    return await vial.run(parsed.flags, parsed.args);
  } catch (error) {
    if (command !== undefined && isWrongWords(error)) return wrong(error, command, found.typed);
    return report(error, found.name, flags.bool("debug"));
  }
}

/** Commands that ask no engine. */
function isOfClient(name: string): boolean {
  return ["buildx version", "completion", "login", "logout"].includes(name) || name.startsWith("context ");
}

function chooseRemote(flags: Flags): RemoteEndpoint | undefined {
  return chooseEndpoint(endpointWish(flags), {
    env: process.env,
    ownSocket: () => `${openEngine().place.run}/vial.sock`,
    current: "counts",
  });
}

/** `--help` before the program's own words. */
function asksForHelp(command: Command, rest: readonly string[]): boolean {
  if (!rest.includes("--help") && !rest.includes("-h")) return false;
  const short = command.flags.some((flag) => flag.short === "h") ? {} : { short: "h" };
  const lenient: Command = {
    ...command,
    flags: [...command.flags, { name: "help", kind: "bool", help: "", ...short }],
    args: [0, Number.POSITIVE_INFINITY],
  };
  try {
    return parseCommandLine(lenient, rest).flags.bool("help");
  } catch {
    return false;
  }
}

async function help(words: readonly string[]): Promise<number> {
  const [first = ""] = words;
  const { printDockerGroup, printDockerHelp, printDockerOverview } = await import("./help.ts");
  if (first === "") return show(await printDockerOverview());
  const found = findDockerCommand(words);
  if (found === undefined) return unknown(first, words[1]);
  if ("group" in found) return show(await printDockerGroup(found.group));
  speakAs(dockerVoice(found.name));
  if (found.load === undefined)
    return report(dockerCommandNotHere(found.typed, found.reason ?? ""), found.name, false);
  return show(printDockerHelp((await found.load()).command, found.typed));
}

function unknown(first: string, second: string | undefined): number {
  const found = findDockerCommand([first]);
  const isGroup = found !== undefined && "group" in found;
  const name = isGroup && second !== undefined ? `docker ${first} ${second}` : `docker ${first}`;
  const program = isGroup ? `docker ${first}` : "docker";
  const usage = isGroup ? `Usage:  ${program}\n\n` : "";
  err(`docker: unknown command: ${name}\n\n${usage}Run '${program} --help' for more information\n`);
  return 1;
}

function wrong(error: Parameters<typeof printWrongWords>[0], command: Command, typed: string): number {
  const { text, code } = printWrongWords(error, command, typed);
  err(text);
  return code;
}

function report(error: unknown, verb: string, debug: boolean): number {
  reportError(error, { debug });
  return dockerExitCode(error, verb);
}

function show(text: string): number {
  out(text);
  return 0;
}
