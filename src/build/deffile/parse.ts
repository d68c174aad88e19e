import type { SourceRange } from "#spec";
import { readSourceLines } from "../dockerfile/source-line.ts";
import { type BuildArguments, readPairLines } from "./build-arguments.ts";
import { definitionEmpty } from "./error.ts";
import { type Header, readHeader } from "./header.ts";
import { rangeOf, type StageLine, textOf } from "./line.ts";
import { cutSections, readSections, type Section } from "./section.ts";
import { splitStages } from "./split-stages.ts";
import { fillPlaceholders } from "./template.ts";

/** A stage cut into its parts, with values in place of `{{ NAME }}`; what they mean is read by readDeffile(). */
export interface StageText {
  readonly header: Header;
  readonly sections: readonly Section[];
  /** After replacement: what is kept in the image. */
  readonly text: string;
  readonly range: SourceRange;
}

/** A definition file, cut. */
export interface DeffileText {
  /** The name for messages. */
  readonly file: string;
  /** As it was read, for messages. */
  readonly text: string;
  readonly stages: readonly StageText[];
  /** Names that had a place. */
  readonly usedArguments: ReadonlySet<string>;
  /** Names that any `%arguments` has. */
  readonly knownArguments: readonly string[];
  /** Lines of `%arguments` that are no NAME=VALUE. */
  readonly skippedArguments: readonly StageLine[];
}

/** Cuts a definition file as Apptainer does. docs/deffile.md lists where Vial is stricter or kinder. */
export function parseDeffile(
  text: string,
  file = "Singularity",
  given: BuildArguments = new Map(),
): DeffileText {
  const pieces = splitStages(readSourceLines(text));
  if (pieces.length === 0) throw definitionEmpty(file);
  const parsed = pieces.map((lines) => parseStage(lines, file, given));
  return {
    file,
    text,
    stages: parsed.map(({ stage }) => stage),
    usedArguments: new Set(parsed.flatMap(({ used }) => [...used])),
    knownArguments: [...new Set(parsed.flatMap(({ known }) => known))],
    skippedArguments: parsed.flatMap(({ skipped }) => skipped),
  };
}

interface ParsedStage {
  readonly stage: StageText;
  readonly used: ReadonlySet<string>;
  readonly known: readonly string[];
  readonly skipped: readonly StageLine[];
}

function parseStage(raw: readonly StageLine[], file: string, given: BuildArguments): ParsedStage {
  const own = cutSections(raw).blocks.filter((block) => block.word === "arguments");
  const { values, skipped } = readPairLines(own.flatMap((block) => block.lines));
  const { lines, used } = fillPlaceholders(raw, { given, defaults: values }, file);
  const { header, blocks } = cutSections(lines);
  const stage = {
    header: readHeader(header, file),
    sections: readSections(blocks, file),
    text: textOf(lines),
    range: rangeOf(file, raw),
  };
  return { stage, used, known: [...values.keys(), ...used], skipped };
}
