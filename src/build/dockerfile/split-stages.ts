import { instructionBeforeFrom } from "./error.ts";
import type { ArgInstruction, FromInstruction, StageInstruction } from "./instruction.ts";
import type { Dockerfile } from "./parse.ts";

/** A FROM with its instructions, before anything is looked up. */
export interface StageText {
  readonly from: FromInstruction;
  readonly instructions: readonly StageInstruction[];
}

/** Parts the instructions at each FROM. */
export function splitStages(dockerfile: Dockerfile): {
  readonly globals: readonly ArgInstruction[];
  readonly stages: readonly StageText[];
} {
  const globals: ArgInstruction[] = [];
  const stages: { from: FromInstruction; instructions: StageInstruction[] }[] = [];
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind === "from") stages.push({ from: instruction, instructions: [] });
    else if (stages.length > 0) stages.at(-1)?.instructions.push(instruction);
    else if (instruction.kind === "arg") globals.push(instruction);
    else throw instructionBeforeFrom(instruction.keyword.toUpperCase(), instruction.range);
  }
  return { globals, stages };
}
