import { readdirSync, writeFileSync } from "node:fs";
import { proposeRecipe, readRecipe } from "#engine";
import { showControls } from "#kit";
import { recipeInTheWay } from "./error.ts";
import { errLine } from "./print.ts";

/** Proposes a recipe for a folder that has none, shows it, and keeps it when wished. Undefined: nothing to propose. */
export function proposeFor(folder: string, path: string, writes: boolean): string | undefined {
  // Somebody has written a recipe already, and has to name it.
  if (namesIn(folder).some((name) => /^(?:Singularity|Apptainer|Containerfile)\b|\.def$/.test(name)))
    return undefined;
  const text = proposeRecipe((name) => readRecipe(`${folder}/${name}`));
  if (text === undefined) return undefined;
  errLine(
    writes ? `No recipe here; this one is written to ${path}:` : "No recipe here; this one is proposed:",
  );
  for (const line of text.trimEnd().split("\n")) errLine(`    ${showControls(line)}`);
  if (writes) write(path, text);
  else errLine("Keep it by --write-recipe");
  return text;
}

function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw recipeInTheWay(path);
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
