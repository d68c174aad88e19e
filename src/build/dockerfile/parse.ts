import { recipeEmpty } from "./error.ts";
import type { Directives } from "./directive.ts";
import type { Instruction } from "./instruction.ts";
import { readInstruction } from "./instruction/read.ts";
import { readStatements } from "./statement.ts";

/** A Dockerfile, read. */
export interface Dockerfile {
  /** The name for messages. */
  readonly file: string;
  readonly text: string;
  readonly directives: Directives;
  readonly instructions: readonly Instruction[];
}

/**
 * Reads a Dockerfile as BuildKit's built-in frontend does. Throws a VialError with a place at the first thing that cannot
 * be read; docs/dockerfile.md lists where Vial is stricter or kinder.
 */
export function parseDockerfile(text: string, file = "Dockerfile"): Dockerfile {
  const { directives, statements } = readStatements(text, file);
  if (statements.length === 0) throw recipeEmpty(file);
  return { file, text, directives, instructions: statements.map(readInstruction) };
}
