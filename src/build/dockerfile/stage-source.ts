import { baseNameEmpty, stageLater, stageNumberUnknown } from "./error.ts";
import type { FromInstruction, Instruction, StageName } from "./instruction.ts";
import type { StageText } from "./split-stages.ts";

/** Where files come from: another stage, a context given by name, an image, or nothing. */
export type StageSource =
  | { readonly kind: "stage"; readonly index: number }
  | { readonly kind: "context"; readonly name: string }
  | { readonly kind: "image"; readonly reference: string }
  | { readonly kind: "scratch" };

/** What a name may stand for. */
export interface Surroundings {
  readonly stages: readonly StageText[];
  /** Their names, in order. */
  readonly names: readonly (StageName | undefined)[];
  readonly contexts: readonly string[];
}

/** The texts behind `--from=` and `from=`. What ONBUILD keeps is looked up in the recipe that it ends up in. */
export function sourcesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind !== "run") return [];
  return instruction.mounts.flatMap((mount) =>
    mount.from === undefined || mount.from === "" ? [] : [mount.from],
  );
}

/** A FROM sees the stages above it only; a later stage of that name is a mistake, not an image. */
export function findBase(
  from: FromInstruction,
  image: string,
  index: number,
  around: Surroundings,
): StageSource {
  if (image.trim() === "") throw baseNameEmpty(from.image, from.range);
  const known = findNamed(image, around, index);
  if (known !== undefined) return known;
  const later = around.names.indexOf(image.toLowerCase() as StageName, index);
  const laterFrom = around.stages[later]?.from;
  // A stage may have the name of the image that it begins with: FROM debian AS debian.
  if (laterFrom !== undefined && later !== index) throw stageLater(image, laterFrom.range.from, from.range);
  return { kind: "image", reference: image };
}

/** A stage by name or number, wherever it stands: whether that works out is seen by refuseCycles(). */
export function findSource(name: string, instruction: Instruction, around: Surroundings): StageSource {
  const known = findNamed(name, around, around.names.length);
  if (known !== undefined) return known;
  if (!/^\d+$/.test(name)) return { kind: "image", reference: name };
  const index = Number(name);
  const count = around.names.length;
  if (index >= count) throw stageNumberUnknown(name, count, instruction.range);
  return { kind: "stage", index };
}

/** A context, an earlier stage, or scratch. Of stages with the same name the last one counts. */
function findNamed(name: string, around: Surroundings, before: number): StageSource | undefined {
  if (around.contexts.includes(name)) return { kind: "context", name };
  const index = before === 0 ? -1 : around.names.lastIndexOf(name.toLowerCase() as StageName, before - 1);
  if (index >= 0) return { kind: "stage", index };
  return name === "scratch" ? { kind: "scratch" } : undefined;
}
