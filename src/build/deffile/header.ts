import { nearest } from "#kit";
import type { SourceRange } from "#spec";
import { trimSpace } from "../dockerfile/white-space.ts";
import { headerKeywordUnknown, headerLineInvalid } from "./error.ts";
import { placeOf, type StageLine } from "./line.ts";
import { sectionNames } from "./section.ts";

/** As people write them. `OtherURL` takes a number. */
export const headerKeywords = [
  "Bootstrap",
  "From",
  "Stage",
  "Registry",
  "Namespace",
  "Library",
  "Fingerprints",
  "Include",
  "IncludeCmd",
  "OSVersion",
  "MirrorURL",
  "UpdateURL",
  "OtherURL",
  "SetOpt",
  "ConfURL",
  "Product",
  "User",
  "RegCode",
  "ProductPGP",
  "RegisterURL",
  "Modules",
  "Target",
  "Frontend",
  "Filename",
  "BuildArgs",
] as const;

export interface HeaderEntry {
  /** In lower case. */
  readonly keyword: string;
  readonly value: string;
  readonly range: SourceRange;
}

/** By keyword, in the order of the file. Of two lines with one keyword the last counts. */
export type Header = ReadonlyMap<string, HeaderEntry>;

export function readHeader(lines: readonly StageLine[], file: string): Header {
  const entries = new Map<string, HeaderEntry>();
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    const text = trimComment(line.text);
    if (text === "") continue;
    const colon = text.indexOf(":");
    if (colon < 0) throw headerLineInvalid(text, placeOf(file, line), nearSection(text));
    const written = trimSpace(text.slice(0, colon));
    const keyword = written.toLowerCase();
    const range = placeOf(file, line);
    if (!isKeyword(keyword)) throw headerKeywordUnknown(written, range, nearest(written, headerKeywords));
    const pieces: string[] = [];
    let piece = trimSpace(text.slice(colon + 1));
    let to = range.to;
    // An empty line and a comment end a value, as if they held it.
    while (piece.endsWith("\\")) {
      pieces.push(piece.endsWith("\\n\\") ? `${piece.slice(0, -3)}\n` : piece.slice(0, -1));
      const next = lines[at + 1];
      piece = next === undefined ? "" : trimComment(next.text);
      if (next === undefined || piece === "") break;
      to = next.number;
      at++;
    }
    const value = [...pieces, piece].join("");
    entries.set(keyword, { keyword, value, range: { ...range, to } });
  }
  return entries;
}

/** A "#" begins a comment anywhere, also inside of an address. */
function trimComment(text: string): string {
  return trimSpace(text.split("#")[0] ?? "");
}

function isKeyword(keyword: string): boolean {
  const bare = /^otherurl\d+$/.test(keyword) ? "otherurl" : keyword;
  return headerKeywords.some((known) => known.toLowerCase() === bare);
}

/** "post" without its "%" is the likeliest reason for a line without a colon. */
function nearSection(text: string): string | undefined {
  const found = nearest(text.toLowerCase(), sectionNames);
  return found === undefined ? undefined : `%${found}`;
}
