import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type BuildWish, contextMissing, isGit, readRecipe, recipeMissing } from "#engine";
import { readDescriptor } from "#image";
import { proposeFor } from "./build-proposal.ts";
import { recipeInTheWay, recipeNotProposed } from "./error.ts";
import type { Flags } from "./parse.ts";

/** A recipe as it is found, and the context of its build. */
export interface Recipe {
  /** Undefined: it lies in the context, which is not here yet. */
  readonly text: string | undefined;
  readonly name: string;
  readonly path: string | undefined;
  readonly context: BuildWish["context"];
}

/** Finds the recipe and the context: either may come on standard input, or lie in a repository. */
export async function readRecipeOf(flags: Flags, place: string): Promise<Recipe> {
  const file = flags.text("file");
  const isRemote = isGit(place) || /^https?:\/\//i.test(place);
  const writes = flags.bool("write-recipe");
  if (writes && (place === "-" || isRemote || file !== undefined)) throw recipeNotProposed(place);
  if (place === "-") {
    const input = readDescriptor(0);
    const first = await input.next();
    const head = first.done === true ? Buffer.alloc(0) : first.value;
    if (isArchive(head))
      return {
        text: undefined,
        name: file ?? "Dockerfile",
        path: undefined,
        context: { kind: "archive", fd: 0, head },
      };
    return {
      text: await textOf(input, head),
      name: "Dockerfile",
      path: undefined,
      context: { kind: "none" },
    };
  }
  if (!isRemote && statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw contextMissing(place);
  const context: BuildWish["context"] = isRemote
    ? { kind: isGit(place) ? "git" : "address", url: place }
    : { kind: "folder", path: resolve(place) };
  if (file === "-")
    return { text: await textOf(readDescriptor(0)), name: "Dockerfile", path: undefined, context };
  if (isRemote) return { text: undefined, name: file ?? "Dockerfile", path: undefined, context };
  const path = file ?? `${place.replace(/\/+$/, "")}/Dockerfile`;
  const text = readRecipe(path);
  if (writes && text !== undefined) throw recipeInTheWay(path);
  if (text === undefined) {
    const proposed = file === undefined ? proposeFor(place, path, writes) : undefined;
    if (proposed === undefined) throw recipeMissing(path);
    return { text: proposed, name: "Dockerfile", path, context };
  }
  return { text, name: file ?? "Dockerfile", path, context };
}

async function textOf(input: AsyncIterable<Buffer>, head?: Buffer): Promise<string> {
  const pieces = head === undefined ? [] : [head];
  for await (const piece of input) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

/** A recipe is text; an archive has zero bytes near its beginning, packed or not. */
function isArchive(head: Buffer): boolean {
  return head.subarray(0, 512).includes(0);
}
