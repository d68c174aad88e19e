import { nearest } from "#kit";
import type { SourceRange } from "#spec";
import { type App, readApps } from "./app.ts";
import { type Bootstrap, readBootstrap } from "./bootstrap.ts";
import {
  definitionStageRepeated,
  definitionStageUnknown,
  filesArgumentsInvalid,
  headerMissing,
  headerValueInvalid,
} from "./error.ts";
import { type FilePair, readFilePairs } from "./file-pair.ts";
import type { Header } from "./header.ts";
import { readLabels } from "./label.ts";
import type { DeffileText, StageText } from "./parse.ts";
import { readScript, type Script } from "./script.ts";
import type { Section, SectionName } from "./section.ts";

/** Files from the host, or from an earlier stage. */
export interface FilesCopy {
  readonly from?: { readonly name: string; readonly index: number };
  readonly pairs: readonly FilePair[];
  readonly range: SourceRange;
}

/** A stage, understood. The sections are in the order in which they are carried out. */
export interface DeffileStage {
  readonly index: number;
  /** `Stage: NAME`. */
  readonly name?: string;
  readonly header: Header;
  readonly bootstrap: Bootstrap;
  readonly pre?: Script;
  readonly setup?: Script;
  readonly files: readonly FilesCopy[];
  readonly post?: Script;
  readonly environment?: Script;
  readonly runscript?: Script;
  readonly startscript?: Script;
  readonly test?: Script;
  readonly labels: ReadonlyMap<string, string>;
  readonly help?: Script;
  readonly apps: readonly App[];
  /** After replacement. */
  readonly text: string;
  readonly range: SourceRange;
}

/** A definition file, understood. The last stage is the image. */
export interface Deffile {
  readonly file: string;
  /** As it was read. */
  readonly text: string;
  /** All stages after replacement: what is kept in the image. */
  readonly definition: string;
  readonly stages: readonly DeffileStage[];
}

/** Reads what parseDeffile() has cut: agents, pairs of files, labels, and who copies from whom. */
export function readDeffile({ file, text, stages }: DeffileText): Deffile {
  const heads = stages.map((stage) => readHead(stage, stages.length));
  heads.forEach((head, index) => {
    const earlier = heads.findIndex((other) => head.name !== undefined && other.name === head.name);
    if (head.name !== undefined && earlier < index)
      throw definitionStageRepeated(head.name, heads[earlier]!.line, stages[index]!.range);
  });
  const names = heads.map((head) => head.name);
  const read = stages.map((stage, index): DeffileStage => {
    const { name, bootstrap } = heads[index]!;
    return {
      index,
      ...(name === undefined ? {} : { name }),
      header: stage.header,
      bootstrap,
      ...readScripts(stage.sections),
      files: stage.sections
        .filter((section) => section.name === "files")
        .map((section) => readFiles(section, index, names)),
      labels: readLabels(stage.sections.find((section) => section.name === "labels")?.lines ?? []),
      apps: readApps(stage.sections, file),
      text: stage.text,
      range: stage.range,
    };
  });
  return { file, text, definition: stages.map((stage) => stage.text).join(""), stages: read };
}

interface Head {
  readonly name: string | undefined;
  readonly bootstrap: Bootstrap;
  readonly line: number;
}

function readHead(stage: StageText, count: number): Head {
  const { header, range } = stage;
  if (!header.has("bootstrap")) throw missingHeader(stage, count);
  const name = header.get("stage");
  if (name !== undefined && !/^[^\s/]+$/.test(name.value))
    throw headerValueInvalid("Stage", name.value, "the name of a stage is one word", name.range);
  return { name: name?.value, bootstrap: readBootstrap(header), line: range.from };
}

function missingHeader({ header, sections, range }: StageText, count: number) {
  const [first] = header.values();
  if (first !== undefined && count > 1)
    return headerMissing(
      "a stage begins at its `Bootstrap:`, and other keywords stand above it",
      "move the line `Bootstrap: ...` up, so that it is the first of its stage",
      first.range,
    );
  const where = first?.range ?? sections[0]?.heads[0] ?? range;
  return headerMissing(
    first === undefined ? "sections come below a header" : "the header has no `Bootstrap:`",
    'put "Bootstrap: docker" and "From: IMAGE" above it',
    where,
  );
}

const scriptNames = [
  "pre",
  "setup",
  "post",
  "environment",
  "runscript",
  "startscript",
  "test",
  "help",
] as const satisfies readonly SectionName[];

type Scripts = Partial<Record<(typeof scriptNames)[number], Script>>;

function readScripts(sections: readonly Section[]): Scripts {
  const scripts: Scripts = {};
  for (const name of scriptNames) {
    const section = sections.find((one) => one.name === name);
    if (section !== undefined) scripts[name] = readScript(section);
  }
  return scripts;
}

function readFiles(section: Section, index: number, names: readonly (string | undefined)[]): FilesCopy {
  const { range } = section;
  const head = section.heads[0] ?? range;
  const pairs = readFilePairs(section.lines, head.file);
  const words = section.arguments.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return { pairs, range };
  const [from, name = ""] = words;
  if (from?.toLowerCase() !== "from" || words.length !== 2)
    throw filesArgumentsInvalid(section.arguments, head);
  const earlier = names.slice(0, index).indexOf(name);
  if (earlier >= 0) return { from: { name, index: earlier }, pairs, range };
  const known = names.slice(0, index).filter((one) => one !== undefined);
  throw definitionStageUnknown(name, whyUnknown(name, index, names, known), head, nearest(name, known));
}

function whyUnknown(
  name: string,
  index: number,
  names: readonly (string | undefined)[],
  known: readonly string[],
): string {
  if (names[index] === name) return "it is the stage itself";
  if (names.includes(name)) return "it stands further down, and only an earlier stage can be copied from";
  return known.length === 0 ? "no stage above has a name" : `the stages above are ${known.join(", ")}`;
}
