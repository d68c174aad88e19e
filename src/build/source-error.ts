import { showControls } from "#kit";
import type { SourceRange } from "#spec";

/** Lines shown before and behind the marked ones. */
const around = 2;
/** More marked lines than these are cut in the middle. */
const mostMarked = 12;
const widest = 160;

/**
 * The lines of a recipe that an error is about, with a mark, their numbers, and up to two lines around:
 *
 *     Dockerfile:4
 *        2 | COPY . /srv
 *        3 |
 *     >  4 | RNU make
 *        5 | CMD ["/srv/app"]
 */
export function printSourceLines(where: SourceRange, text: string): string {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const first = Math.max(1, where.from);
  const last = Math.max(first, Math.min(where.to, lines.length));
  const numbers = numbersBetween(Math.max(1, first - around), Math.min(lines.length, last + around));
  const cut = last - first >= mostMarked;
  const width = String(numbers.at(-1) ?? first).length + 2;
  const shown = numbers.flatMap((number) => {
    const hidden = cut && number > first + mostMarked / 2 && number < last - mostMarked / 2;
    if (hidden) return number === first + mostMarked / 2 + 1 ? [`> ${"...".padStart(width)} |`] : [];
    const mark = number >= first && number <= last ? ">" : " ";
    return [`${mark} ${String(number).padStart(width)} | ${printLine(lines[number - 1] ?? "")}`.trimEnd()];
  });
  const place = first === last ? `${where.file}:${first}` : `${where.file}:${first}-${last}`;
  return [place, ...shown, ""].join("\n");
}

function numbersBetween(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

function printLine(line: string): string {
  const shown = showControls(line, "\t").replaceAll("\t", "    ");
  return shown.length > widest ? `${shown.slice(0, widest)}...` : shown;
}
