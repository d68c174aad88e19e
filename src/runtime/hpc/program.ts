import { commandNotExecutable, commandNotFound } from "../error.ts";
import { appUnknown, noScriptShell } from "./error.ts";
import { type Environment, settleEnvironment } from "./environment.ts";
import type { ImageFiles } from "./image-files.ts";
import type { StartManner } from "./manner.ts";
import type { HpcImageFacts } from "./root-source.ts";
import { makeStartScript } from "./start-script.ts";
import type { Action } from "./wish.ts";

// Which program is started, by what is in the container.

export interface Program {
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** The words of an action, before they are looked for in PATH. `say` prints a sentence for the person. */
export function chooseWords(
  files: ImageFiles,
  action: Exclude<Action, { readonly kind: "run-help" }>,
  image: HpcImageFacts,
  app: string | undefined,
  host: Readonly<Record<string, string | undefined>>,
  say: (sentence: string) => void,
): readonly string[] {
  const { words } = action;
  switch (action.kind) {
    case "exec":
      return words;
    case "run": {
      const script = scriptOf(files, "runscript", app);
      if (script !== undefined) return [script, ...words];
      const own = [...image.entrypoint, ...(words.length > 0 ? words : image.command)];
      if (own.length > 0) return own;
      say("the image has no runscript, so a shell is started");
      return ["/bin/sh", ...words];
    }
    case "test": {
      const script = scriptOf(files, "test", app);
      if (script !== undefined) return [script, ...words];
      say("the image has no test");
      return [];
    }
    case "instance": {
      const script = scriptOf(files, "startscript", app);
      return script === undefined ? [] : [script, ...words];
    }
    case "shell": {
      const wanted = action.shell ?? host.APPTAINER_SHELL ?? host.SINGULARITY_SHELL;
      if (wanted !== undefined && files.isExecutable(wanted)) return [wanted, ...words];
      if (wanted !== undefined) say(`the image has no shell "${wanted}", so another is started`);
      return files.isExecutable("/bin/bash") ? ["/bin/bash", "--norc", ...words] : ["/bin/sh", ...words];
    }
    default:
      return action satisfies never;
  }
}

/** Throws app-unknown for an app that the image does not have. */
export function checkApp(files: ImageFiles, app: string): void {
  const names = files.namesIn("/scif/apps");
  if (!names.includes(app)) throw appUnknown(app, names);
}

function scriptOf(
  files: ImageFiles,
  name: "runscript" | "startscript" | "test",
  app: string | undefined,
): string | undefined {
  const paths = [...(app === undefined ? [] : [`/scif/apps/${app}/scif/${name}`]), `/.singularity.d/${name}`];
  return paths.find((path) => files.isExecutable(path));
}

/**
 * The program for execve(2). Where the image has env scripts and a shell, the shell reads them first; elsewhere the program
 * is started at once. Throws command-not-found and command-not-executable.
 */
export function makeProgram(
  files: ImageFiles,
  words: readonly string[],
  environment: Environment,
  image: HpcImageFacts,
  manner: StartManner,
): Program {
  const hasScripts = files.exists("/.singularity.d/env");
  const needsShell = hasScripts || environment.files.length > 0;
  const hasShell = needsShell && files.isExecutable("/bin/sh");
  if (!hasShell && environment.files.length > 0)
    throw noScriptShell(image.name, "the image has no /bin/sh, which reads the file of --env-file");
  if (hasShell) {
    const { text, env } = makeStartScript(environment, {
      env: image.env,
      scripts: hasScripts ? "read" : "none",
      manner,
    });
    return { argv: ["/bin/sh", "-c", text, "vial", ...words], env };
  }
  const env = settleEnvironment(environment, image.env);
  const [name = "", ...rest] = words;
  return { argv: [findInPath(files, name, env.PATH ?? "", image.name), ...rest], env };
}

function findInPath(files: ImageFiles, name: string, path: string, image: string): string {
  const paths = name.includes("/")
    ? [name]
    : path.split(":").map((folder) => `${folder === "" ? "." : folder}/${name}`);
  const found = paths.find((path) => files.isExecutable(path));
  if (found !== undefined) return found;
  const where = `the image "${image}"`;
  const there = paths.find((candidate) => files.exists(candidate));
  throw there === undefined
    ? commandNotFound(name, where)
    : commandNotExecutable(name, where, `"${there}" is a folder, or its mode does not allow it to you`);
}
