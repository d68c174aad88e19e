import { commandNotExecutable } from "../error.ts";
import { appUnknown, noScriptShell, programNotInImage } from "./error.ts";
import { type Environment, makeEnvironment } from "./environment.ts";
import type { ImageFiles } from "./image-files.ts";
import type { StartManner } from "./manner.ts";
import type { HpcImageFacts } from "./root-source.ts";
import { envScripts, settleEnvironment } from "./settle-environment.ts";
import { makeStartScript } from "./start-script.ts";
import type { Action, EnvironmentWish } from "./wish.ts";

// Which program is started, by what is in the container.

export interface Program {
  /** Absolute, inside. */
  readonly path: string;
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

/** The words of an action, before they are looked for in PATH. `say` prints a sentence for the person. */
function chooseWords(
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
function checkApp(files: ImageFiles, app: string): void {
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

/** What a program is chosen by, and what it gets. */
export interface ProgramWish {
  readonly image: HpcImageFacts;
  readonly action: Exclude<Action, { readonly kind: "run-help" }>;
  readonly app: string | undefined;
  readonly environment: EnvironmentWish;
  readonly host: Readonly<Record<string, string | undefined>>;
  /** Path inside. */
  readonly home: string;
  /** As `source:target[:ro]`, for programs that start others of their kind. */
  readonly binds: readonly string[];
  /** The instance that it is started in. */
  readonly instance: string | undefined;
  /** Where it begins, inside. */
  readonly folder: string;
  readonly manner: StartManner;
  readonly warn: (sentence: string) => void;
}

/**
 * The program that a container is to run, from what is in its root. Undefined where nothing is to be started: a test, a
 * startscript that the image does not have. Throws app-unknown, and what makeProgram() throws.
 */
export function prepareProgram(files: ImageFiles, wish: ProgramWish): Program | undefined {
  const { action, app, image, host, home, binds, instance, folder, manner, warn } = wish;
  if (app !== undefined) checkApp(files, app);
  const words = chooseWords(files, action, image, app, host, warn);
  if (words.length === 0) return undefined;
  const facts = { host, command: action.kind, imagePath: image.name, binds, home, app, instance };
  const environment = makeEnvironment(wish.environment, { ...facts, prompt: manner.prompt });
  const program = makeProgram(files, words, environment, image, { manner, folder });
  return { ...program, env: { ...program.env, PWD: folder } };
}

/**
 * The program for execve(2). Vial itself reads the image's env scripts where they do no more than set variables; others, and
 * those of --env-file, are read by the image's shell, which then becomes the program. `folder` is where it begins.
 * Throws command-not-found, command-not-executable, no-script-shell.
 */
function makeProgram(
  files: ImageFiles,
  words: readonly string[],
  environment: Environment,
  image: HpcImageFacts,
  { manner, folder }: { readonly manner: StartManner; readonly folder: string },
): Program {
  const scripts = envScripts(files);
  const env = settleEnvironment(environment, image.env, scripts, files);
  if (env !== undefined) {
    const [name = ""] = words;
    return {
      path: findInPath(files, name, env.PATH ?? "", folder, image.name),
      argv: [name, ...words.slice(1)],
      env,
    };
  }
  if (!files.isExecutable("/bin/sh"))
    throw noScriptShell(image.name, environment.files.length > 0 ? "--env-file" : "the image's own");
  const script = makeStartScript(environment, {
    env: image.env,
    scripts: scripts.length > 0 ? "read" : "none",
    manner,
  });
  return { path: "/bin/sh", argv: ["/bin/sh", "-c", script.text, "vial", ...words], env: script.env };
}

function findInPath(files: ImageFiles, name: string, path: string, folder: string, image: string): string {
  const whole = (part: string) => (part.startsWith("/") ? part : `${folder}/${part}`);
  const paths = name.includes("/")
    ? [whole(name)]
    : path.split(":").map((part) => `${whole(part === "" ? "." : part)}/${name}`);
  const found = paths.find((candidate) => files.isExecutable(candidate));
  if (found !== undefined) return found;
  const where = `the image "${image}"`;
  const there = paths.find((candidate) => files.exists(candidate));
  throw there === undefined
    ? programNotInImage(name, image)
    : commandNotExecutable(name, where, `"${there}" is a folder, or its mode does not allow it to you`);
}
