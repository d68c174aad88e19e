import { type BuildReport, buildImage, lintRecipe, openEngine, printSourceLines } from "#engine";
import { isVialError } from "#spec";
import { GraphRecorder, printDot, printSvg } from "../build-graph.ts";
import { printSameTwice } from "../build-check.ts";
import { parseOutput, refuseTerminal, wantsImage, writeOutput } from "../build-output.ts";
import { openBuildProgress, type ProgressForm } from "../build-progress.ts";
import { type Recipe, readRecipeOf } from "../build-recipe.ts";
import { openShellDialog } from "../build-shell.ts";
import { outputOfTarget, recipeOfSpec } from "../build-spec.ts";
import { printBuilt, writeBuilt } from "../build-result.ts";
import { readBuildWish } from "../build-wish.ts";
import type { Command } from "../command.ts";
import { flagValueInvalid } from "../error.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import { writeFlagFile } from "../flag-file.ts";
import { withInterrupt } from "../interrupt.ts";
import type { Flags } from "../parse.ts";
import { err, errLine, outLine } from "../print.ts";

const progressForms = ["auto", "plain", "tty", "quiet", "rawjson"] as const;

export const command: Command = {
  name: "build",
  usage: "[OPTIONS] PATH | URL | -\n       vial build [OPTIONS] IMAGE.sif RECIPE | IMAGE",
  summary: "Build an image from a Dockerfile or a definition file",
  mapped: "any",
  flags: [
    listFlag("add-host", "host:ip", "Add a line to /etc/hosts of what runs"),
    listFlag("build-arg", "name[=value]", "Set an ARG; without a value it is taken from here"),
    textFlag("build-arg-file", "file", "Lines of name=value for a definition file"),
    listFlag("build-context", "name=place", "Another folder, git repository or image to copy from"),
    listFlag(
      "cache-from",
      "name|type=...",
      "Take finished steps from there too: type=local,src=FOLDER or\ntype=registry,ref=NAME",
    ),
    listFlag(
      "cache-to",
      "name|type=...",
      "Write the finished steps there: type=local,dest=FOLDER or\ntype=registry,ref=NAME; mode=max takes those of all stages",
    ),
    boolFlag("check-reproducible", "Do every step twice, under other conditions, and tell what differs"),
    boolFlag("debug-shell", "Open a shell in the state right before a step that fails"),
    textFlag("file", "path", "The recipe (default PATH/Dockerfile; - reads standard input)", "f"),
    boolFlag(
      "force",
      "Replace IMAGE, and let the labels and the help of a definition file win\nover the base's",
      "F",
    ),
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
      "Write the result elsewhere: oci or docker (archives), tar or local\n(files), sif (with compression=zstd|gzip|lz4|xz[:level]), in place of the\nstore; with -t in both",
      "o",
    ),
    textFlag("platform", "os/arch", "Build for this platform"),
    textFlag("progress", progressForms.join("|"), "How to show the steps (default auto)"),
    boolFlag("pull", "Look for newer base images"),
    boolFlag("quiet", "Print the image's ID alone", "q"),
    boolFlag("sandbox", "With IMAGE RECIPE: a folder and not a SIF file", "s"),
    listFlag("secret", "id=name[,src=file|,env=name]", "A secret for RUN --mount=type=secret"),
    textFlag("shm-size", "bytes", "Size of /dev/shm for what runs"),
    listFlag("ssh", "default|id[=socket]", "An ssh agent for RUN --mount=type=ssh"),
    listFlag("tag", "name", "Name of the image; may be given several times", "t"),
    textFlag("target", "stage", "Build up to this stage"),
    boolFlag("write-recipe", "Keep the Dockerfile that is proposed where there is none"),
  ],
  args: [1, 2],
  async run(flags, [place = "", spec]) {
    const recipe = spec === undefined ? await readRecipeOf(flags, place) : recipeOfSpec(spec);
    if (flags.bool("lint")) return printLint(recipe);
    const outputs = flags.list("output").map(parseOutput);
    const [force, sandbox] = [flags.bool("force"), flags.bool("sandbox")];
    if (spec !== undefined) outputs.push(outputOfTarget(place, { force, sandbox }));
    refuseTerminal(outputs);
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
          await buildImage(
            engine,
            {
              ...readBuildWish(flags, recipe),
              singularityFiles: outputs.some(({ type }) => type === "sif"),
              unnamed: wantsImage(outputs) ? "dangling" : "gone",
              deliver: async (built) => {
                for (const output of outputs) await writeOutput(engine, built, output);
              },
              shellDialog,
              signal,
            },
            report,
            {
              report: () => {},
              warn: (sentence) => progress.report({ kind: "warning", sentence }),
            },
          ),
      );
      progress[Symbol.dispose]();
      writeBuilt(flags, image);
      printBuilt(flags, image, { form, outputs, took: performance.now() - began });
      if (image.sameTwice !== undefined) printSameTwice(image.sameTwice, recipe);
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
  const write = () => writeFlagFile("--graph", path, print(recorder.steps));
  // Before the build, so that a place that cannot be written costs no build and hides no error of it.
  write();
  return { recorder, write };
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
