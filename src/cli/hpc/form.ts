// Which command lines are meant for the profile `hpc`, told from their words alone: it decides what is loaded, before
// anything is. A name is a path when it says so itself: "/x", "./x", "../x", "x.sif". "a/b" may be a path or an image's name;
// `run` and `exec` look whether it is there (command/run.ts).

/** Verbs that there are in the profile `hpc` alone. */
const always = new Set(["shell", "test", "run-help"]);

/** How the words of a command line have to be carried out. */
export interface HpcForm {
  readonly fakeroot: boolean;
  readonly userns: boolean;
  readonly pid: boolean;
  /** With `pid`: process 1 is an init, and not the program. */
  readonly init: boolean;
  /** It needs namespaces that only a program without threads can open: Vial starts anew in them. */
  readonly startsAnew: boolean;
}

/**
 * Flags with a value in the next word, of either profile. `form.test.ts` holds this list against the flags that the commands
 * declare.
 */
export const valued = new Set(
  `add-host annotation app apply-cgroups bind blkio-weight blkio-weight-device cap-add cap-drop cgroupns cidfile cpu-period cpu-quota cpu-shares cpus cpuset-cpus
   cpuset-mems cwd detach-keys device dns dns-opt dns-option dns-search domainname entrypoint env env-file expose group-add health-cmd health-interval health-retries
   health-start-interval health-start-period health-timeout home hostname ip ip6 isolation label label-file link log-driver log-opt
   mac-address memory memory-reservation memory-swap mount name network network-alias no-env no-mount oom-score-adj overlay pids-limit platform
   profile publish pull pwd restart runtime scratch security-opt shell shm-size stop-signal stop-timeout sysctl tmpdir tmpfs ulimit
   user volume volume-driver volumes-from workdir`.split(/\s+/),
);
export const valuedShort = new Set([..."BHSWcehlmpsuvw"]);
/** With a value in the profile `web` and without one in `hpc`. No value of `web` looks like a path. */
const either = new Set(["pid", "ipc", "uts", "userns", "net"]);

/** The form of `VERB WORDS...`, or undefined when the profile is `web`, or cannot be told from the words. */
export function hpcForm(verb: string, words: readonly string[]): HpcForm | undefined {
  if (verb !== "run" && verb !== "exec" && !always.has(verb)) return undefined;
  let profile: string | undefined;
  let image: string | undefined;
  const seen = new Set<string>();
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word === "--") {
      image = words[index + 1];
      break;
    }
    if (word.length < 2 || word[0] !== "-") {
      image = word;
      break;
    }
    if (word.startsWith("--")) {
      const equals = word.indexOf("=");
      const name = word.slice(2, equals < 0 ? undefined : equals);
      // A switch that is turned off was not asked for.
      if (!/=(0|f|F|false|FALSE|False)$/.test(word)) seen.add(name);
      const next = words[index + 1] ?? "";
      if (name === "profile") profile = equals < 0 ? next : word.slice(equals + 1);
      if (equals < 0 && (valued.has(name) || (either.has(name) && isValueOfWeb(next)))) index++;
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? "";
      seen.add(letter);
      if (!valuedShort.has(letter)) continue;
      if (at === word.length - 1) index++;
      break;
    }
  }
  const isHpc = profile === undefined ? always.has(verb) || isPath(image ?? "") : profile === "hpc";
  if (!isHpc) return undefined;
  const asked = (name: string) => seen.has(name) || isSet(name);
  // An instance has its namespaces.
  if (image?.startsWith("instance://") === true)
    return { fakeroot: false, userns: false, pid: false, init: false, startsAnew: false };
  const [fakeroot, userns] = [asked("fakeroot"), asked("userns")];
  const contained = asked("containall") || asked("compat") || seen.has("C");
  const pid = asked("pid") || (contained && !asked("no-pid"));
  const init = pid && !asked("no-init") && !asked("compat");
  return { fakeroot, userns, pid, init, startsAnew: process.getuid?.() !== 0 || pid || userns };
}

/** A name that says by itself that it is a path, or a file of a kind that is run. */
export function isPath(name: string): boolean {
  // Addresses: none of them can be meant for Docker's habits, which know no such words. "oci:1.0" could be.
  if (
    /^(docker|oras|library|shub|https?):\/\/|^(oci|docker)-archive:|^(oci|sif|squashfs|sandbox):.*\//.test(
      name,
    )
  )
    return true;
  return /^\.{0,2}\/|^\.{1,2}$|^instance:\/\/|\.(sif|simg|sqsh|sqfs|squashfs|sqs)$/.test(name);
}

function isValueOfWeb(word: string): boolean {
  return /^(host|private|none|shareable)$|^container:/.test(word);
}

/** Any flag can be given by a variable: APPTAINER_CONTAINALL=1. */
export function variableOf(
  flag: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const name = flag.toUpperCase().replaceAll("-", "_");
  return env[`APPTAINER_${name}`] ?? env[`SINGULARITY_${name}`];
}

function isSet(flag: string): boolean {
  return /^(1|t|true|yes)$/i.test(variableOf(flag, process.env) ?? "");
}
