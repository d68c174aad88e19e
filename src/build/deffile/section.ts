import { nearest } from "#kit";
import type { SourceRange } from "#spec";
import { trimSpace } from "../dockerfile/white-space.ts";
import { appNameInvalid, sectionUnknown } from "./error.ts";
import { placeOf, type StageLine } from "./line.ts";

export const sectionNames = [
  "arguments",
  "pre",
  "setup",
  "files",
  "post",
  "environment",
  "runscript",
  "startscript",
  "test",
  "labels",
  "help",
] as const;

export const appSectionNames = [
  "appinstall",
  "appfiles",
  "appenv",
  "apprun",
  "appstart",
  "apptest",
  "applabels",
  "apphelp",
] as const;

export type SectionName = (typeof sectionNames)[number] | (typeof appSectionNames)[number];

/** What stands below a `%name`. Blocks of the same section are one. */
export interface Section {
  readonly name: SectionName;
  /** Of an app section. */
  readonly app?: string;
  /** Behind the name, without a comment. Of several blocks the last one that has some counts. */
  readonly arguments: string;
  /** The lines below. */
  readonly lines: readonly StageLine[];
  /** The lines that begin it, one for each block. */
  readonly heads: readonly SourceRange[];
  /** From the first head to the last line. */
  readonly range: SourceRange;
}

/** A `%name` and the lines below it, before anybody asks what they mean. */
export interface SectionBlock {
  /** In lower case, without the `%`. */
  readonly word: string;
  readonly rest: string;
  readonly head: StageLine;
  readonly lines: readonly StageLine[];
}

/** Cuts the lines of a stage: those above the first section are the header. */
export function cutSections(lines: readonly StageLine[]): {
  readonly header: readonly StageLine[];
  readonly blocks: readonly SectionBlock[];
} {
  const starts = lines.flatMap((line, index) => (/^\s*%/.test(line.text) ? [index] : []));
  const blocks = starts.map((start, index): SectionBlock => {
    const head = lines[start]!;
    const [, word = "", rest = ""] = /^%+(\S*)(.*)$/s.exec(trimSpace(head.text)) ?? [];
    // The name ends at a "#" too: a comment may follow it without a blank.
    const [name = "", comment] = word.split(/(?=#)/, 2);
    return {
      word: name.toLowerCase(),
      rest: comment === undefined ? trimSpace(rest.split("#")[0] ?? "") : "",
      head,
      lines: lines.slice(start + 1, starts[index + 1] ?? lines.length),
    };
  });
  return { header: lines.slice(0, starts[0] ?? lines.length), blocks };
}

/** The sections in the order in which they are first mentioned. `%files` with other arguments is another section. */
export function readSections(blocks: readonly SectionBlock[], file: string): readonly Section[] {
  const sections = new Map<string, Section[]>();
  for (const block of blocks) {
    const part = readBlock(block, file);
    const key = [part.name, part.app, part.name === "files" ? part.arguments : ""].join(" ");
    const parts = sections.get(key);
    if (parts === undefined) sections.set(key, [part]);
    else parts.push(part);
  }
  return [...sections.values()].map(joinParts);
}

function readBlock(block: SectionBlock, file: string): Section {
  const head = placeOf(file, block.head);
  const range = { ...head, to: block.lines.at(-1)?.number ?? head.to };
  const place = { lines: block.lines, heads: [head], range };
  const name = sectionNames.find((known) => known === block.word);
  if (name !== undefined) return { name, arguments: block.rest, ...place };
  const appName = appSectionNames.find((known) => known === block.word);
  if (appName === undefined)
    throw sectionUnknown(block.word, head, nearest(block.word, [...sectionNames, ...appSectionNames]));
  const [app = "", ...rest] = block.rest.split(/\s+/);
  if (!isAppName(app)) throw appNameInvalid(appName, app, head);
  return { name: appName, app, arguments: rest.join(" "), ...place };
}

function joinParts(parts: readonly Section[]): Section {
  const [first] = parts;
  const last = parts.at(-1);
  if (first === undefined || last === undefined) throw new Error("our bug: a section without a block");
  return {
    ...first,
    arguments: parts.findLast((part) => part.arguments !== "")?.arguments ?? "",
    lines: parts.flatMap((part) => part.lines),
    heads: parts.flatMap((part) => part.heads),
    range: { ...first.range, to: last.range.to },
  };
}

/** The name goes into paths and scripts: one that leads out of /scif/apps, or ends a quote, is refused. */
function isAppName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(name);
}
