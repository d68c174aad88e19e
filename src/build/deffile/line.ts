import type { SourceRange } from "#spec";
import type { SourceLine } from "../dockerfile/source-line.ts";

/** A line of a stage. Several may have the same number: a value that was filled in can hold line ends. */
export type StageLine = Pick<SourceLine, "number" | "text">;

/** Lines as a text: every one ends, the last one too. */
export function textOf(lines: readonly StageLine[]): string {
  return lines.map((line) => `${line.text}\n`).join("");
}

export function rangeOf(file: string, lines: readonly StageLine[]): SourceRange {
  return { file, from: lines[0]?.number ?? 1, to: lines.at(-1)?.number ?? 1 };
}

export function placeOf(file: string, line: StageLine): SourceRange {
  return { file, from: line.number, to: line.number };
}
