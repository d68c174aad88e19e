import type { HpcForm } from "../hpc/form.ts";

// Which of Apptainer's command lines start a program, told from the words alone: it decides what is loaded, and which
// namespaces Vial has to be started anew for, before anything is.

const actions = new Set(["exec", "run", "shell", "test", "run-help"]);

/** Options with a value in the next word, of the actions; form.test.ts holds them against the table. */
export const valued = new Set(
  `add-caps app apply-cgroups authfile bind blkio-weight blkio-weight-device cdi-dirs containlibs cpu-shares cpus
   cpuset-cpus cpuset-mems cwd device dmtcp-launch dmtcp-restart dns docker-host docker-password docker-username drop-caps
   env env-file fusemount home hostname memory memory-reservation memory-swap mount netns-path network network-args no-env
   no-mount overlay pem-path pids-limit pwd runscript-timeout scratch security shell tmpdir vm-cpu vm-ip vm-ram
   workdir`.split(/\s+/),
);
export const valuedShort = new Set([..."BHSWos"]);
/** Of those before the command. */
const valuedGlobal = new Set(["--config", "-c"]);

const names: Readonly<Record<string, string>> = { p: "pid", u: "userns", f: "fakeroot", C: "containall" };
const falsehood = /=(0|f|F|false|FALSE|False)$/;

type Env = Readonly<Record<string, string | undefined>>;

/** The form of a command line that starts a program; undefined for all others, and for `--help`. */
export function actionForm(argv: readonly string[], env: Env): HpcForm | undefined {
  let index = 0;
  for (; index < argv.length && (argv[index] ?? "").startsWith("-"); index++)
    if (valuedGlobal.has(argv[index] ?? "")) index++;
  if (!actions.has(argv[index] ?? "")) return undefined;
  const seen = new Map<string, boolean>();
  for (index++; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--help" || word === "-h") return undefined;
    if (word === "--" || word.length < 2 || word[0] !== "-") break;
    if (word.startsWith("--")) {
      const [name = ""] = word.slice(2).split("=", 1);
      seen.set(name, !falsehood.test(word));
      if (!word.includes("=") && valued.has(name)) index++;
      continue;
    }
    for (let at = 1; at < word.length && word[at] !== "="; at++) {
      const letter = word[at] ?? "";
      const name = names[letter];
      if (name !== undefined) seen.set(name, word[at + 1] !== "=" || !falsehood.test(word));
      if (!valuedShort.has(letter)) continue;
      if (at === word.length - 1) index++;
      break;
    }
  }
  if (argv[index] === "--") index++;
  // An instance has its namespaces.
  if (argv[index]?.startsWith("instance://") === true)
    return { fakeroot: false, userns: false, pid: false, init: false, startsAnew: false };
  const asked = (name: string, ...variables: readonly string[]) =>
    seen.get(name) ?? isSet(env, [name.toUpperCase().replaceAll("-", "_"), ...variables]);
  const [fakeroot, userns] = [asked("fakeroot"), asked("userns", "UNSHARE_USERNS")];
  const contained = (asked("containall") || asked("compat")) && !asked("no-pid");
  const pid = asked("pid", "UNSHARE_PID") || contained;
  const init = pid && !asked("no-init", "NOSHIMINIT") && !asked("compat");
  return { fakeroot, userns, pid, init, startsAnew: process.getuid?.() !== 0 || pid || userns };
}

/** Whether a switch is on by a variable. The newer prefix wins, as it does for all variables. */
function isSet(env: Env, keys: readonly string[]): boolean {
  for (const prefix of ["APPTAINER_", "SINGULARITY_"])
    for (const key of keys) {
      const value = env[prefix + key];
      if (value !== undefined && value !== "") return /^(1|t|T|true|TRUE|True)$/.test(value);
    }
  return false;
}
