import type { Command, Flag } from "./command.ts";
import { findVerb, namesOfGroup, topNames } from "./commands.ts";
import { namesEngine } from "./docker/name.ts";
import { commandUnknown, flagValueMissing, globalFlagUnknown, groupCommandUnknown } from "./error.ts";
import { enterHpc } from "./hpc/enter.ts";
import { hpcForm } from "./hpc/form.ts";
import { becomeMapped } from "./mapped.ts";
import { type Parsed, parseCommandLine } from "./parse.ts";
import type { RemoteEndpoint } from "./remote/endpoint.ts";

interface Globals {
  readonly debug: boolean;
  readonly root: string | undefined;
  /** The engine that is meant, where it is not the one in this process. */
  readonly host: string | undefined;
  readonly context: string | undefined;
  readonly wants: "command" | "help" | "version";
  /** The verb and what follows it. */
  readonly words: readonly string[];
}

/** Runs the command line `argv` (without the program's name) to its end, prints its errors and gives the exit code. */
export async function start(argv: readonly string[]): Promise<number> {
  let debug = false;
  let failureCode: Command["failureCode"];
  try {
    const globals = readGlobals(argv);
    debug = globals.debug;
    if (globals.root !== undefined) process.env.VIAL_ROOT = globals.root;
    if (globals.wants === "version")
      return await show(async () => `vial ${(await import("./version.ts")).version}\n`);
    const [first, ...others] = globals.words;
    if (globals.wants === "help" || first === undefined) return await help([]);
    if (first === "help") return await help(others);
    const isAnew = first === "internal-hpc";
    const words = isAnew ? others : globals.words;
    const form = hpcForm(words[0] ?? "", words.slice(1));
    const verb = findVerb(words, isAnew || form !== undefined ? "hpc" : "web");
    if (verb === undefined) throw commandUnknown(first, topNames());
    if ("group" in verb) return await groupAlone(verb.group, others[0]);
    const { command } = await verb.load();
    failureCode = command.failureCode;
    const rest = words.slice(verb.words);
    const parsed = parseUnlessHelp(command, rest);
    if (parsed === "help") {
      const { printCommand } = await import("./help.ts");
      return await show(async () => printCommand(command));
    }
    const there = form === undefined && !isAnew ? await otherEngine(globals, verb.name) : undefined;
    if (there !== undefined) {
      const { carryOutThere } = await import("./remote/carry-out.ts");
      return await carryOutThere(there, command, parsed, { name: verb.name, typed: `vial ${verb.name}` });
    }
    if (form?.startsAnew === true && !isAnew) enterHpc(form, ["internal-hpc", ...words]);
    becomeMapped(command, parsed, argv);
    return await command.run(parsed.flags, parsed.args);
  } catch (error) {
    const { reportError } = await import("./errors-out.ts");
    const code = reportError(error, { debug });
    if (failureCode === undefined) return code;
    return typeof failureCode === "number" ? failureCode : failureCode(error);
  }
}

/** The engine that --host, --context, DOCKER_HOST or DOCKER_CONTEXT name; undefined: this process is the engine. */
async function otherEngine({ host, context }: Globals, verb: string): Promise<RemoteEndpoint | undefined> {
  const isTold = host !== undefined || context !== undefined;
  if (!isTold && !namesEngine(process.env)) return undefined;
  const { chooseOwnEndpoint } = await import("./remote/own-endpoint.ts");
  return chooseOwnEndpoint({ host, context }, verb);
}

/** The flags before the verb. `--root` names a folder, made absolute because the command may change its own. */
export function readGlobals(argv: readonly string[]): Globals {
  let debug = false;
  let root: string | undefined;
  let host: string | undefined;
  let context: string | undefined;
  let wants: Globals["wants"] = "command";
  let index = 0;
  for (; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--debug" || word === "-D") debug = true;
    else if (word === "--help" || word === "-h") wants = "help";
    else if (word === "--version" || word === "-v") wants = "version";
    else if (word === "--root") {
      root = argv[++index];
      if (root === undefined || root === "") throw flagValueMissing("--root", "DIR");
    } else if (word.startsWith("--root=")) {
      root = word.slice("--root=".length);
      if (root === "") throw flagValueMissing("--root", "DIR");
    } else if (word === "--host" || word === "-H") {
      host = argv[++index];
      if (host === undefined || host === "") throw flagValueMissing("--host", "ADDRESS");
    } else if (word.startsWith("--host=")) host = word.slice("--host=".length);
    else if (word === "--context" || word === "-c") {
      context = argv[++index];
      if (context === undefined || context === "") throw flagValueMissing("--context", "NAME");
    } else if (word.startsWith("--context=")) context = word.slice("--context=".length);
    else if (word.startsWith("-") && word !== "-") throw globalFlagUnknown(word);
    else break;
  }
  if (root !== undefined && !root.startsWith("/")) root = `${process.cwd()}/${root}`;
  return { debug, root, host, context, wants, words: argv.slice(index) };
}

const helpFlag: Flag = { name: "help", kind: "bool", help: "Show this text" };

/** `--help` counts as a flag of the command: behind the image of `vial run` it belongs to the program inside. */
function parseUnlessHelp(command: Command, argv: readonly string[]): Parsed | "help" {
  if (argv.includes("--help") || argv.includes("-h")) {
    const short = command.flags.some((flag) => flag.short === "h") ? {} : { short: "h" };
    const lenient: Command = {
      ...command,
      flags: [...command.flags, { ...helpFlag, ...short }],
      args: [0, Number.POSITIVE_INFINITY],
    };
    if (parseCommandLine(lenient, argv).flags.bool("help")) return "help";
  }
  return parseCommandLine(command, argv);
}

async function groupAlone(group: string, name: string | undefined): Promise<number> {
  if (name !== undefined && name !== "--help" && name !== "-h")
    throw groupCommandUnknown(group, name, [...namesOfGroup(group).keys()]);
  return await help([group]);
}

/** `vial help`, `vial help image`, `vial help image prune`. */
async function help(words: readonly string[]): Promise<number> {
  const { printCommand, printGroup, printOverview } = await import("./help.ts");
  const [first] = words;
  if (first === undefined) return await show(printOverview);
  const verb = findVerb(words);
  if (verb === undefined) throw commandUnknown(first, topNames());
  if ("group" in verb) {
    if (words[1] !== undefined)
      throw groupCommandUnknown(verb.group, words[1], [...namesOfGroup(verb.group).keys()]);
    return await show(() => printGroup(verb.group));
  }
  const { command } = await verb.load();
  return await show(async () => printCommand(command));
}

async function show(text: () => Promise<string>): Promise<number> {
  const { out } = await import("./print.ts");
  out(await text());
  return 0;
}
