import { actionForm } from "./apptainer/form.ts";
import { anewWord, isPersonaName, type PersonaName, personaOf } from "./apptainer/name.ts";
import { anewWord as dockerAnew, isDocker, namesEngine } from "./docker/name.ts";
import { type HpcForm, hpcForm } from "./hpc/form.ts";
import { printVersion, version } from "./version.ts";

// The entry of the executable. The version is answered here, before anything else is loaded; the verbs that people and
// scripts call most go to hot/, one chunk each; every other word to start.ts, which loads one chunk per verb and what it
// shares with others. console.log costs nothing at start, process.stdout several ms.

const quick: Readonly<
  Record<
    string,
    () => Promise<{ start(argv: readonly string[], as?: "docker"): Promise<number | undefined> }>
  >
> = {
  create: () => import("./hot/create.ts"),
  exec: () => import("./hot/exec.ts"),
  images: () => import("./hot/images.ts"),
  inspect: () => import("./hot/inspect.ts"),
  "internal-exited": () => import("./hot/internal-exited.ts"),
  "internal-start": () => import("./hot/internal-start.ts"),
  kill: () => import("./hot/kill.ts"),
  logs: () => import("./hot/logs.ts"),
  ps: () => import("./hot/ps.ts"),
  rm: () => import("./hot/rm.ts"),
  rmi: () => import("./hot/rmi.ts"),
  run: () => import("./hot/run.ts"),
  start: () => import("./hot/start.ts"),
  stop: () => import("./hot/stop.ts"),
  wait: () => import("./hot/wait.ts"),
};

const argv = process.argv.slice(2);
// Vial calls itself by the path of its executable, which may be a copy under another name.
const persona = argv[0]?.startsWith("internal-") === true ? undefined : personaOf(process.argv0);
if (argv[0] === dockerAnew) {
  process.exit(await startDocker(argv.slice(1)));
} else if (argv[0]?.startsWith("internal-") !== true && isDocker(process.argv0)) {
  process.exit(await startDocker(argv));
} else if (persona !== undefined) {
  process.exit(await startPersona(persona, argv, false));
} else if (argv[0] === anewWord && isPersonaName(argv[1] ?? "")) {
  process.exit(await startPersona(argv[1] as PersonaName, argv.slice(2), true));
} else if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-v")) {
  console.log(`vial ${version}`);
} else if (argv.length === 1 && argv[0] === "version" && !namesEngine(process.env)) {
  console.log(printVersion().trimEnd());
} else {
  const [verb = "", ...rest] = argv;
  const form = hpcForm(verb, rest);
  let code: number | undefined;
  if (verb === "internal-hpc") code = await (await import("./hot/hpc.ts")).start(rest);
  else if (form !== undefined) code = await startForm(form);
  // What Vial does for itself (internal-exited) is never another engine's.
  else if (Object.hasOwn(quick, verb) && (verb.startsWith("internal-") || !namesEngine(process.env)))
    code = await (await quick[verb]?.())?.start(rest);
  if (code === undefined) {
    const { start } = await import("./start.ts");
    code = await start(argv);
  }
  process.exit(code);
}

/** A command line of docker. */
async function startDocker(words: readonly string[]): Promise<number> {
  const [verb = "", ...rest] = words;
  const isQuick = Object.hasOwn(quick, verb) && !namesEngine(process.env);
  const code = isQuick ? await (await quick[verb]?.())?.start(rest, "docker") : undefined;
  return code ?? (await (await import("./docker/start.ts")).start(words));
}

/** A command line of Apptainer. `isAnew`: Vial has been started in the namespaces that it needs. */
async function startPersona(name: PersonaName, words: readonly string[], isAnew: boolean): Promise<number> {
  if (words.length === 1 && words[0] === "--version" && name !== "run-singularity") {
    console.log((await import("./apptainer/version.ts")).versionLine);
    return 0;
  }
  const action = actionForm(name === "run-singularity" ? ["run", ...words] : words, process.env);
  if (action?.startsAnew === true && !isAnew)
    return (await import("./hot/apptainer-enter.ts")).enter(action, name, words);
  const code =
    action === undefined ? undefined : await (await import("./hot/apptainer.ts")).start(name, words);
  return code ?? (await (await import("./apptainer/start.ts")).start(name, words, { isAnew }));
}

/** A run in the profile `hpc`: for an ordinary user, and for some flags, Vial first starts anew in other namespaces. */
async function startForm(form: HpcForm): Promise<number | undefined> {
  if (argv.includes("--help") || argv.includes("-h")) return undefined;
  return form.startsAnew
    ? (await import("./hot/hpc-enter.ts")).enter(form, argv)
    : await (await import("./hot/hpc.ts")).start(argv);
}
