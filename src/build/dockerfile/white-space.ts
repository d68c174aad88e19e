// White space as Go's unicode.IsSpace sees it: BuildKit cuts lines by it, and JavaScript's \s is another set (it has
// U+FEFF and lacks U+0085). Loops, not patterns with `+$`: those are quadratic over long runs of blanks.

const space = /^\p{White_Space}$/u;

export function isSpace(char: string): boolean {
  if (char === " " || char === "\t" || char === "\n" || char === "\r") return true;
  const code = char.charCodeAt(0);
  return (code < 0x20 || code > 0x7e) && space.test(char);
}

export function trimStart(text: string): string {
  let at = 0;
  while (at < text.length && isSpace(text[at]!)) at++;
  return text.slice(at);
}

export function trimSpace(text: string): string {
  return trimEnd(trimStart(text), isSpace);
}

export function trimEnd(text: string, unwanted: (char: string) => boolean): string {
  let end = text.length;
  while (end > 0 && unwanted(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** The characters that part the words of an instruction (BuildKit: `[\t\v\f\r ]+`). */
const between = /[\t\v\f\r ]+/;

export function splitBlanks(text: string): string[] {
  return text.split(between);
}

/** The first word and the rest, or undefined when nothing follows the first word. */
export function cutAtBlank(text: string): readonly [string, string] | undefined {
  const match = between.exec(text);
  return match === null ? undefined : [text.slice(0, match.index), text.slice(match.index + match[0].length)];
}
