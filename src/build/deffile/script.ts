import type { SourceRange } from "#spec";
import { textOf } from "./line.ts";
import type { Section } from "./section.ts";

/** The text of a section, as it was written. */
export interface Script {
  /** Behind the name of the section. */
  readonly arguments: string;
  readonly text: string;
  /** Of each line of the text its number in the file: blocks of a section need not stand together. */
  readonly lineNumbers: readonly number[];
  readonly range: SourceRange;
}

export function readScript(section: Section): Script {
  return {
    arguments: section.arguments,
    text: textOf(section.lines),
    lineNumbers: section.lines.map((line) => line.number),
    range: section.range,
  };
}
