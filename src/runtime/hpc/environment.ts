import { defaultSearchPath } from "#spec";
import type { EnvironmentWish } from "./wish.ts";

// The environment inside. Later wins: variables of the host, those of the image, those of its app, those that were asked
// for. A variable of the host passes only where the image does not set it.

export const hostLibraries = "/.singularity.d/libs";

/** What a clean environment keeps of the host's: what a terminal and a proxy need. */
const keptWhenClean = new Set(
  ["TERM", "http_proxy", "https_proxy", "no_proxy", "all_proxy", "ftp_proxy"].flatMap((name) => [
    name,
    name.toUpperCase(),
  ]),
);

/** Set by the start itself, or by every shell. */
const neverForwarded = new Set([
  ...["HOME", "PATH", "LD_LIBRARY_PATH", "PWD", "PS1", "PROMPT_COMMAND", "_", "SHLVL"],
  // Readonly in bash: setting one would end it.
  ...["UID", "EUID", "PPID", "SHELLOPTS", "BASHOPTS", "BASH_VERSINFO"],
]);

export interface EnvironmentFacts {
  readonly host: Readonly<Record<string, string | undefined>>;
  readonly command: string;
  /** The image as it was named, absolute where it is a file. */
  readonly imagePath: string;
  readonly binds: readonly string[];
  readonly home: string;
  readonly app: string | undefined;
  readonly prompt: string;
  /** The instance that the program is started in. */
  readonly instance: string | undefined;
}

export interface Environment {
  /** What the image's scripts, or without them the program, find. */
  readonly base: Readonly<Record<string, string>>;
  /** Variables of the host, for where the image sets none. */
  readonly host: readonly (readonly [name: string, value: string])[];
  /** Wins over the image. */
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly files: readonly string[];
  readonly prependPath: string | undefined;
  readonly appendPath: string | undefined;
}

export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

export function makeEnvironment(wish: EnvironmentWish, facts: EnvironmentFacts): Environment {
  const name = facts.imagePath.slice(facts.imagePath.lastIndexOf("/") + 1);
  const shared = {
    CONTAINER: facts.imagePath,
    NAME: name,
    BIND: facts.binds.join(","),
    APPNAME: facts.app ?? "",
    ENVIRONMENT: "/.singularity.d/env/91-environment.sh",
    COMMAND: facts.command,
    ...(facts.instance === undefined ? {} : { INSTANCE: facts.instance }),
  };
  const base: Record<string, string> = {
    PATH: defaultSearchPath,
    HOME: facts.home,
    LD_LIBRARY_PATH: hostLibraries,
  };
  // Scripts in images ask for either name to find out that they run in a container.
  for (const [key, value] of Object.entries(shared)) {
    base[`APPTAINER_${key}`] = value;
    base[`SINGULARITY_${key}`] = value;
  }
  if (facts.command === "shell") {
    base.PS1 = facts.prompt;
    // The start files of a bash would put their own in its place.
    base.PROMPT_COMMAND = `PS1="${facts.prompt}"; unset PROMPT_COMMAND`;
  }
  const host: [string, string][] = [];
  for (const [key, value] of Object.entries(facts.host)) {
    if (value === undefined || !isForwarded(key, wish)) continue;
    host.push([key, value]);
  }
  if (wish.clean) base.LANG = "C";
  return {
    base,
    host,
    set: wish.set,
    files: wish.files,
    prependPath: wish.prependPath,
    appendPath: wish.appendPath,
  };
}

function isForwarded(name: string, wish: EnvironmentWish): boolean {
  if (!isVariableName(name) || neverForwarded.has(name) || wish.without.includes(name)) return false;
  if (/^(APPTAINER|SINGULARITY)(ENV)?_|^VIAL_/.test(name)) return false;
  return !wish.clean || keptWhenClean.has(name);
}
