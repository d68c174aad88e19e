import { trimEnd } from "./white-space.ts";

/** A line of the file. */
export interface SourceLine {
  /** From one. */
  readonly number: number;
  /** Without its end. */
  readonly text: string;
  /** With its end, as it stands in the file. */
  readonly raw: string;
}

/** Cuts a file into lines at LF. A byte order mark is no part of the first line; CR before LF is part of the end. */
export function readSourceLines(text: string): SourceLine[] {
  const parts = text.replace(/^\uFEFF/, "").split("\n");
  const last = parts.length - 1;
  const lines = parts.map((part, index) => ({
    number: index + 1,
    text: trimEnd(part, (char) => char === "\r"),
    raw: index === last ? part : `${part}\n`,
  }));
  return lines[last]?.raw === "" ? lines.slice(0, last) : lines;
}
