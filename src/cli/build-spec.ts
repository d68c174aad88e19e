import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { isSifFile, readRecipe, recipeMissing } from "#engine";
import type { BuildOutput } from "./build-output.ts";
import type { Recipe } from "./build-recipe.ts";
import { buildTargetTaken, flagAbsent } from "./error.ts";

// `vial build IMAGE.sif SPEC`, as Apptainer has it: where the result goes comes first, and what it is made from may be a
// recipe, an image somewhere, another SIF file or a folder.

/** Agents that are words of a URI too. */
const agents = ["docker", "oras", "oci", "oci-archive", "docker-archive"] as const;

/** What a SPEC stands for: a recipe with this folder as its context. Throws recipe-missing, flag-absent. */
export function recipeOfSpec(spec: string): Recipe {
  const context = { kind: "folder", path: process.cwd() } as const;
  const made = (agent: string, from: string): Recipe => ({
    text: `Bootstrap: ${agent}\nFrom: ${from}\n`,
    name: spec,
    path: undefined,
    context,
  });
  const [, agent, rest = ""] = /^([a-z-]+):(?:\/\/)?(.+)$/.exec(spec) ?? [];
  if (agent !== undefined && !existsSync(spec)) {
    if ((agents as readonly string[]).includes(agent)) return made(agent, rest);
    throw flagAbsent(
      "build",
      spec,
      `images are not taken from "${agent}"`,
      `give a file, a folder, or one of ${agents.map((name) => `${name}:`).join(", ")}`,
    );
  }
  const info = statSync(spec, { throwIfNoEntry: false });
  if (info?.isDirectory() === true || isSifFile(spec)) return made("localimage", resolve(spec));
  const text = readRecipe(spec);
  if (text === undefined) throw recipeMissing(spec);
  return { text, name: spec, path: resolve(spec), context };
}

/** Where the result goes. What is there is replaced with `--force` alone. Throws build-target-taken. */
export function outputOfTarget(
  target: string,
  options: { readonly sandbox: boolean; readonly force: boolean },
): BuildOutput {
  if (existsSync(target) && !options.force) throw buildTargetTaken(target);
  if (options.sandbox) return { type: "local", destination: target };
  return { type: "sif", destination: target, packing: undefined };
}
