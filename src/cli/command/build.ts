import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type BuildReport,
  type BuildWish,
  buildImage,
  lintRecipe,
  openEngine,
  printSourceLines,
  readRecipe,
  recipeMissing,
  type SecretSource,
} from "#engine";
import { readDescriptor } from "#image";
import { isVialError, parsePlatform, parseReference, parseSize, printFamiliar, reasonOf } from "#spec";
import { openBuildProgress, type ProgressForm, seconds } from "../build-progress.ts";
import { GraphRecorder, printDot, printSvg } from "../build-graph.ts";
import { writeOutput, parseOutput } from "../build-output.ts";
import { openShellDialog } from "../build-shell.ts";
import type { Command } from "../command.ts";
import {
  fileUnreadable,
  fileUnwritable,
  flagValueInvalid,
  recipeInTheWay,
  recipeNotProposed,
} from "../error.ts";
import { proposeFor } from "../build-proposal.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Flags } from "../parse.ts";
import { err, errLine, outLine } from "../print.ts";

const progressForms = ["auto", "plain", "tty", "quiet", "rawjson"] as const;

export const command: Command = {
  name: "build",
  usage: "[OPTIONS] PATH | URL | -",
  summary: "Build an image from a Dockerfile or a definition file",
  mapped: true,
  flags: [
    listFlag("add-host", "host:ip", "Add a line to /etc/hosts of what runs"),
    listFlag("build-arg", "name[=value]", "Set an ARG; without a value it is taken from here"),
    textFlag("build-arg-file", "file", "Lines of name=value for a definition file"),
    listFlag("build-context", "name=place", "Another folder, git repository or image to copy from"),
    boolFlag("debug-shell", "Open a shell in the state right before a step that fails"),
    textFlag("file", "path", "The recipe (default PATH/Dockerfile; - reads standard input)", "f"),
    boolFlag("force", "Let the labels and the help of a definition file win over the base's"),
    textFlag("graph", "file.svg|file.dot", "Draw the steps, with what became of them and their times"),
    textFlag("iidfile", "file", "Write the image's ID to a file"),
    listFlag("label", "name=value", "Set a label of the image"),
    boolFlag("lint", "Only look what can be bettered in the recipe"),
    textFlag("metadata-file", "file", "Write what was built to a file, as JSON"),
    textFlag("network", "default|none|host", "Network of what runs (default: the host's)"),
    boolFlag("notest", "Leave the %test of a definition file out", "T"),
    boolFlag("no-cache", "Do every step anew"),
    listFlag(
      "output",
      "type=...,dest=...",
      "Write the result elsewhere: oci or docker (archives), tar or local\n(files), in place of the store",
      "o",
    ),
    textFlag("platform", "os/arch", "Build for this platform"),
    textFlag("progress", progressForms.join("|"), "How to show the steps (default auto)"),
    boolFlag("pull", "Look for newer base images"),
    boolFlag("quiet", "Print the image's ID alone", "q"),
    listFlag("secret", "id=name[,src=file|,env=name]", "A secret for RUN --mount=type=secret"),
    textFlag("shm-size", "bytes", "Size of /dev/shm for what runs"),
    listFlag("ssh", "default|id[=socket]", "An ssh agent for RUN --mount=type=ssh"),
    listFlag("tag", "name", "Name of the image; may be given several times", "t"),
    textFlag("target", "stage", "Build up to this stage"),
    boolFlag("write-recipe", "Keep the Dockerfile that is proposed where there is none"),
  ],
  args: [1, 1],
  async run(flags, [place = ""]) {
    const recipe = await readRecipeOf(flags, place);
    if (flags.bool("lint")) return printLint(recipe);
    const outputs = flags.list("output").map(parseOutput);
    const engine = openEngine();
    const form = progressForm(flags);
    const graph = openGraph(flags.text("graph"));
    const progress = openBuildProgress(form);
    const report: BuildReport = (event) => {
      graph?.recorder.report(event);
      progress.report(event);
    };
    const shellDialog = flags.bool("debug-shell") ? openShellDialog(progress) : undefined;
    const began = performance.now();
    try {
      const image = await withInterrupt(
        async (signal) =>
          await buildImage(engine, { ...readWish(flags, recipe), shellDialog, signal }, report, {
            report: () => {},
            warn: (sentence) => progress.report({ kind: "warning", sentence }),
          }),
      );
      for (const output of outputs) await writeOutput(engine, image, output, flags.list("tag"));
      progress[Symbol.dispose]();
      writeFlagFile("--iidfile", flags.text("iidfile"), image.id);
      const metadata = {
        "containerimage.config.digest": image.id,
        "containerimage.descriptor": image.descriptor,
        "containerimage.digest": image.descriptor.digest,
        "image.name": flags.list("tag").join(","),
      };
      writeFlagFile("--metadata-file", flags.text("metadata-file"), `${JSON.stringify(metadata, null, 2)}\n`);
      if (form === "quiet") outLine(image.id);
      else {
        const saved = image.saved > 0 ? `, ${seconds(image.saved)} saved by the cache` : "";
        const names = flags.list("tag").map((name) => printFamiliar(parseReference(name)));
        errLine(
          `Built ${names.length === 0 ? image.id : names.join(", ")} in ${seconds(performance.now() - began)}${saved}`,
        );
        if (names.length > 0) outLine(image.id);
      }
      return 0;
    } catch (error) {
      progress[Symbol.dispose]();
      if (
        isVialError(error) &&
        error.where !== undefined &&
        error.where.file === recipe.name &&
        recipe.text !== undefined
      )
        err(printSourceLines(error.where, recipe.text));
      throw error;
    } finally {
      graph?.write();
    }
  },
};

/** A build that fails is drawn too: that is when one wants to see how far it came. */
function openGraph(path: string | undefined) {
  if (path === undefined) return undefined;
  const print = path.endsWith(".svg") ? printSvg : path.endsWith(".dot") ? printDot : undefined;
  if (print === undefined) throw flagValueInvalid("--graph", path, "a file that ends in .svg or .dot");
  const recorder = new GraphRecorder();
  return { recorder, write: () => writeFileSync(path, print(recorder.steps)) };
}

interface Recipe {
  /** Undefined: it lies in the context, which is not here yet. */
  readonly text: string | undefined;
  readonly name: string;
  readonly path: string | undefined;
  readonly context: BuildWish["context"];
}

/** Finds the recipe and the context: either may come on standard input, or lie in a repository. */
async function readRecipeOf(flags: Flags, place: string): Promise<Recipe> {
  const file = flags.text("file");
  const isRemote = /^(?:git:\/\/|git@|ssh:\/\/|https?:\/\/)/.test(place);
  const writes = flags.bool("write-recipe");
  if (writes && (place === "-" || isRemote || file !== undefined)) throw recipeNotProposed(place);
  if (place === "-") {
    const input = readDescriptor(0);
    const first = await input.next();
    const head = first.done === true ? Buffer.alloc(0) : first.value;
    if (isArchive(head))
      return {
        text: undefined,
        name: file ?? "Dockerfile",
        path: undefined,
        context: { kind: "archive", fd: 0, head },
      };
    return {
      text: await textOf(input, head),
      name: "Dockerfile",
      path: undefined,
      context: { kind: "none" },
    };
  }
  const context: BuildWish["context"] = isRemote
    ? { kind: "git", url: place }
    : { kind: "folder", path: resolve(place) };
  if (file === "-")
    return { text: await textOf(readDescriptor(0)), name: "Dockerfile", path: undefined, context };
  if (isRemote) return { text: undefined, name: file ?? "Dockerfile", path: undefined, context };
  const path = file ?? `${place.replace(/\/+$/, "")}/Dockerfile`;
  const text = readRecipe(path);
  if (writes && text !== undefined) throw recipeInTheWay(path);
  if (text === undefined) {
    const proposed = file === undefined ? proposeFor(place, path, writes) : undefined;
    if (proposed === undefined) throw recipeMissing(path);
    return { text: proposed, name: "Dockerfile", path, context };
  }
  return { text, name: file ?? "Dockerfile", path, context };
}

async function textOf(input: AsyncIterable<Buffer>, head?: Buffer): Promise<string> {
  const pieces = head === undefined ? [] : [head];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** A recipe is text; an archive has zero bytes near its beginning, packed or not. */
function isArchive(head: Buffer): boolean {
  return head.subarray(0, 512).includes(0);
}

function printLint(recipe: Recipe): number {
  const { text: recipeText = "" } = recipe;
  const findings = lintRecipe(recipeText, recipe.name);
  for (const { rule, sentence, text, where } of findings) {
    outLine(`${where.file}:${where.from}: ${rule}: ${text === "" ? sentence : text}`);
    err(printSourceLines(where, recipeText));
  }
  if (findings.length > 0) errLine(`${findings.length} found; docs/lint has a page for each rule`);
  return findings.length === 0 ? 0 : 1;
}

function progressForm(flags: Flags): ProgressForm {
  if (flags.bool("quiet")) return "quiet";
  const text = flags.text("progress") ?? "auto";
  const form = progressForms.find((name) => name === text);
  if (form === undefined) throw flagValueInvalid("--progress", text, progressForms.join(", "));
  return form;
}

function readWish(flags: Flags, recipe: Recipe): Omit<BuildWish, "signal"> {
  const network = flags.text("network") ?? "default";
  if (network !== "default" && network !== "none" && network !== "host")
    throw flagValueInvalid("--network", network, "default, none or host");
  const platform = flags.text("platform");
  const shmSize = flags.text("shm-size");
  const argumentFile = flags.text("build-arg-file");
  return {
    recipe,
    context: recipe.context,
    namedContexts: new Map(flags.list("build-context").map((text) => pair("--build-context", text))),
    references: flags.list("tag").map(parseReference),
    definition: {
      argumentFile: argumentFile === undefined ? undefined : readFlagFile("--build-arg-file", argumentFile),
      runsTests: !flags.bool("notest"),
      force: flags.bool("force"),
      folder: recipe.context.kind === "folder" ? recipe.context.path : process.cwd(),
    },
    pull: flags.bool("pull") ? "always" : "missing",
    cacheLimit: cacheLimit(),
    buildArgs: new Map(
      flags.list("build-arg").flatMap((text): [string, string][] => {
        const at = text.indexOf("=");
        if (at >= 0) return [[text.slice(0, at), text.slice(at + 1)]];
        const value = process.env[text];
        return value === undefined ? [] : [[text, value]];
      }),
    ),
    target: flags.text("target"),
    platform: platform === undefined ? undefined : parsePlatform(platform),
    labels: Object.fromEntries(
      flags.list("label").map((text) => {
        const at = text.indexOf("=");
        return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
      }),
    ),
    noCache: flags.bool("no-cache"),
    secrets: new Map(flags.list("secret").map(readSecret)),
    agents: new Map(flags.list("ssh").map(readAgent)),
    network,
    epoch: readEpoch(flags),
    extraHosts: flags.list("add-host").map((text) => text.replace(/^([^:=]+)=/, "$1:")),
    shmSize: shmSize === undefined ? undefined : parseSize(shmSize),
  };
}

function writeFlagFile(flag: string, path: string | undefined, text: string): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw fileUnwritable(flag, path, reasonOf(error));
  }
}

function readFlagFile(flag: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw fileUnreadable(flag, path, reasonOf(error));
  }
}

function pair(flag: string, text: string): [string, string] {
  const at = text.indexOf("=");
  if (at <= 0) throw flagValueInvalid(flag, text, "NAME=VALUE");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** `id=NAME,src=FILE`, `id=NAME,env=VARIABLE`; without a source: the variable of that name, else a file of that name. */
function readSecret(text: string): [string, SecretSource] {
  const fields = new Map(text.split(",").map((field) => pair("--secret", field)));
  const file = fields.get("src") ?? fields.get("source");
  const id = fields.get("id");
  if (id === undefined) throw flagValueInvalid("--secret", text, "id=NAME,src=FILE");
  const variable = fields.get("env");
  if (variable !== undefined) return [id, { kind: "environment", name: variable }];
  if (file === undefined && process.env[id] !== undefined) return [id, { kind: "environment", name: id }];
  const path = file ?? id;
  // Now, because later it would be an error in the middle of a build.
  readFlagFile("--secret", path);
  return [id, { kind: "file", path: resolve(path) }];
}

function readAgent(text: string): [string, string] {
  const at = text.indexOf("=");
  const id = at < 0 ? text : text.slice(0, at);
  const socket = at < 0 ? process.env.SSH_AUTH_SOCK : text.slice(at + 1);
  if (socket === undefined || socket === "")
    throw flagValueInvalid("--ssh", text, "an agent: SSH_AUTH_SOCK is not set here");
  return [id, resolve(socket)];
}

/** SOURCE_DATE_EPOCH as a build argument or in the environment (reproducible-builds.org). */
function readEpoch(flags: Flags): number | undefined {
  const given = flags.list("build-arg").findLast((text) => text.startsWith("SOURCE_DATE_EPOCH="));
  const text = given?.slice("SOURCE_DATE_EPOCH=".length) ?? process.env.SOURCE_DATE_EPOCH;
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,12}$/.test(text)) throw flagValueInvalid("SOURCE_DATE_EPOCH", text, "seconds since 1970");
  return Number(text);
}

/** VIAL_BUILD_CACHE, else ten gigabytes. */
function cacheLimit(): number {
  const text = process.env.VIAL_BUILD_CACHE;
  return text === undefined || text === "" ? 10 * 2 ** 30 : parseSize(text);
}
