import { type Environment, hostLibraries } from "./environment.ts";
import type { StartManner } from "./manner.ts";

// The image's env scripts are read by the image's own /bin/sh, in the process that then becomes the program: a script that
// waits or loops is the person's own process, and nothing of Vial waits with it.

const hostPrefix = "VIAL_HOST_";
const setPrefix = "VIAL_SET_";
const filePrefix = "VIAL_FILE_";

/** What /bin/sh gets: `sh -c TEXT vial WORDS...`, and its environment. */
export interface StartScript {
  readonly text: string;
  readonly env: Record<string, string>;
}

/**
 * Reads the scripts, then gives the host's variables where the image has left them unset, then sets what was asked for, and
 * becomes "$@". Values come in by the environment, never as text, so that nothing in them is a command; they would not fit
 * into one argument either, which is at most 128 KiB long (execve(2)).
 */
export function makeStartScript(
  environment: Environment,
  image: {
    readonly env: readonly string[];
    readonly scripts: "read" | "none";
    readonly manner: StartManner;
  },
): StartScript {
  const env: Record<string, string> = { ...environment.base };
  for (const [name, value] of environment.host) env[hostPrefix + name] = value;
  for (const [name, value] of environment.set) env[setPrefix + name] = value;
  for (const [index, text] of environment.files.entries()) env[filePrefix + index] = text;
  for (const line of image.env) {
    const equals = line.indexOf("=");
    if (equals > 0) env[line.slice(0, equals)] = line.slice(equals + 1);
  }
  const hostNames = environment.host.map(([name]) => name);
  const setNames = [...new Set(environment.set.map(([name]) => name))];
  const parts = [
    ...(image.scripts === "read" ? [readScripts] : []),
    ...(hostNames.length === 0 ? [] : [restore, `vial_restore ${hostNames.join(" ")}`]),
    libraries,
    ...environment.files.map(
      (_, index) => `set -a; eval "$${filePrefix}${index}"; set +a; unset ${filePrefix}${index}`,
    ),
    ...(setNames.length === 0 ? [] : [take, `vial_take ${setNames.join(" ")}`]),
    ...pathLines(environment),
    "unset vial_name vial_script; unset -f vial_restore vial_take 2>/dev/null",
    startLines(image.manner),
  ];
  return { text: parts.join("\n"), env };
}

const readScripts = `for vial_script in /.singularity.d/env/*.sh; do
  if [ -f "$vial_script" ]; then . "$vial_script"; fi
done`;

/** One that a script has set to nothing stays away, as in Apptainer. */
const restore = `vial_restore() {
  for vial_name; do
    eval "if [ -z \\"\\\${$vial_name+set}\\" ]; then export $vial_name=\\"\\$${hostPrefix}$vial_name\\"
      elif [ -z \\"\\$$vial_name\\" ]; then unset $vial_name; fi; unset ${hostPrefix}$vial_name"
  done
}`;

const take = `vial_take() {
  for vial_name; do
    eval "export $vial_name=\\"\\$${setPrefix}$vial_name\\"; unset ${setPrefix}$vial_name"
  done
}`;

const libraries = `case ":\${LD_LIBRARY_PATH:-}:" in
*:${hostLibraries}:*) ;;
*) export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${hostLibraries}" ;;
esac`;

/** A shell that cannot become a program ends with a code and words of its own: it is looked at before. */
function startLines({ sayer, notFound, notExecutable }: StartManner): string {
  return `case $1 in
*/*) if [ -d "$1" ] || { [ -e "$1" ] && [ ! -x "$1" ]; }; then
  echo "${sayer} Cannot run \\"$1\\": it is a folder, or its mode does not allow it to you" >&2
  exit ${notExecutable}
fi ;;
esac
if ! command -v "$1" >/dev/null 2>&1; then
  echo "${sayer} Cannot run \\"$1\\": the image has no such program (it is neither a path in it nor in a folder of its PATH)" >&2
  exit ${notFound}
fi
exec "$@"`;
}

function pathLines({ prependPath, appendPath }: Environment): readonly string[] {
  // Through the environment's own quoting they would need names; they are quoted here instead.
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  return [
    ...(prependPath === undefined ? [] : [`PATH=${quote(prependPath)}:$PATH`]),
    ...(appendPath === undefined ? [] : [`PATH=$PATH:${quote(appendPath)}`]),
    "export PATH",
  ];
}
