import type { StageLine } from "./line.ts";

/**
 * Cuts a file at every line that begins with `Bootstrap:`, wherever it stands: inside of a script, too. What is above the
 * first one is a piece of its own.
 */
export function splitStages(lines: readonly StageLine[]): readonly (readonly StageLine[])[] {
  const stages: StageLine[][] = [[]];
  for (const line of lines) {
    if (/^bootstrap:/i.test(line.text)) stages.push([]);
    stages.at(-1)?.push(line);
  }
  return stages.filter((stage) => stage.some((line) => !isIdle(line)));
}

/** Nothing is said by this line. */
export function isIdle(line: StageLine): boolean {
  return /^\s*(#|$)/.test(line.text);
}
