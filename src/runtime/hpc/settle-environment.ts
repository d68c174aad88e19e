import { NeedsShell } from "./env-script/syntax.ts";
import { type ScriptFiles, ScriptVariables } from "./env-script/run.ts";
import { type Environment, hostLibraries } from "./environment.ts";
import type { ImageFiles } from "./image-files.ts";

const scriptFolder = "/.singularity.d/env";

/** The image's env scripts, in the order in which they are read. */
export function envScripts(files: ImageFiles): readonly string[] {
  return files
    .namesIn(scriptFolder)
    .filter((name) => name.endsWith(".sh") && !name.startsWith("."))
    .sort()
    .map((name) => `${scriptFolder}/${name}`)
    .filter((path) => files.isFile(path));
}

/**
 * The environment of a program: what the image's config and env scripts set, the host's variables where those set none, and
 * what was asked for. `image`: the variables of an OCI image's config. Undefined where only a shell can read the scripts.
 */
export function settleEnvironment(
  environment: Environment,
  image: readonly string[],
  scripts: readonly string[],
  files: ScriptFiles,
): Record<string, string> | undefined {
  try {
    const variables = new ScriptVariables({ ...environment.base, ...settingsOf(image) }, files);
    for (const path of scripts) variables.run(read(files, path));
    for (const [name, value] of environment.host) {
      const own = variables.get(name);
      if (own === undefined) variables.export(name, value);
      // One that a script has set to nothing stays away, as in Apptainer.
      else if (own === "") variables.unset(name);
    }
    const libraries = variables.get("LD_LIBRARY_PATH") ?? "";
    if (!libraries.split(":").includes(hostLibraries))
      variables.export("LD_LIBRARY_PATH", libraries === "" ? hostLibraries : `${libraries}:${hostLibraries}`);
    for (const text of environment.files) variables.run(text, "all");
    for (const [name, value] of environment.set) variables.export(name, value);
    variables.export("PATH", withPaths(environment, variables.get("PATH") ?? ""));
    return variables.environment();
  } catch (error) {
    if (error instanceof NeedsShell) return undefined;
    throw error;
  }
}

function settingsOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.flatMap((line) => {
      const equals = line.indexOf("=");
      return equals > 0 ? [[line.slice(0, equals), line.slice(equals + 1)] as const] : [];
    }),
  );
}

function read(files: ScriptFiles, path: string): string {
  const text = files.read(path);
  if (text === undefined) throw new NeedsShell(path);
  return text;
}

function withPaths({ prependPath, appendPath }: Environment, path: string): string {
  return [prependPath, path, appendPath].filter((part) => part !== undefined && part !== "").join(":");
}
