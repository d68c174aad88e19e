import { TemplateError } from "./error.ts";

export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly source: string; readonly tokens: readonly Token[] };

export type Token =
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number }
  /** `.Name` right behind what it belongs to; `attached` is false after a space. `.` alone has the name "". */
  | { readonly kind: "field"; readonly name: string; readonly attached: boolean }
  /** `$`, `$name` */
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "word"; readonly name: string }
  | { readonly kind: "sign"; readonly sign: "(" | ")" | "|" | "," | ":=" | "=" };

/** Cuts a template into text and actions; `{{-` and `-}}` trim the white space of the text beside them. */
export function lexTemplate(template: string): Piece[] {
  const pieces: Piece[] = [];
  let trimNext = false;
  for (let at = 0; at <= template.length; ) {
    const open = template.indexOf("{{", at);
    let text = open < 0 ? template.slice(at) : template.slice(at, open);
    if (trimNext) text = text.replace(/^[ \t\r\n]+/, "");
    const trimsLeft = open >= 0 && /^-[ \t\r\n]/.test(template.slice(open + 2, open + 4));
    if (trimsLeft) text = text.replace(/[ \t\r\n]+$/, "");
    if (text !== "") pieces.push({ kind: "text", text });
    if (open < 0) break;
    const inside = open + 2 + (trimsLeft ? 1 : 0);
    const comment = /^[ \t\r\n]*\/\*[\s\S]*?\*\/([ \t\r\n]+-)?\}\}/.exec(template.slice(inside));
    if (comment !== null) {
      trimNext = comment[1] !== undefined;
      at = inside + comment[0].length;
      continue;
    }
    const action = lexAction(template, inside);
    trimNext = action.trims;
    pieces.push({
      kind: "action",
      source: template.slice(inside, action.close).trim(),
      tokens: action.tokens,
    });
    at = action.end;
  }
  return pieces;
}

interface Action {
  readonly tokens: Token[];
  readonly trims: boolean;
  /** Where the action's own text ends, and where the text behind it begins. */
  readonly close: number;
  readonly end: number;
}

const name = "[\\p{L}_][\\p{L}\\p{Nd}_]*";
const number =
  "[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\\d[\\d_]*\\.?\\d*|\\.\\d+)(?:[eE][+-]?\\d+)?)";

/** One token; the group that matched tells its kind. A number goes before a field, because of `.5`. */
const tokenPattern = new RegExp(
  [
    '(?<quoted>"(?:[^"\\\\\\n]|\\\\.)*")',
    "(?<raw>`[^`]*`)",
    "(?<char>'(?:[^'\\\\\\n]|\\\\.)+')",
    `(?<number>${number})`,
    `\\.(?<field>${name})?`,
    `(?<variable>\\$(?:${name})?)`,
    `(?<word>${name})`,
    "(?<sign>:=|[()|,=])",
  ].join("|"),
  "uy",
);

function lexAction(template: string, from: number): Action {
  const tokens: Token[] = [];
  let spaced = true;
  for (let at = from; at < template.length; ) {
    if (" \t\r\n".includes(template[at] ?? "")) {
      spaced = true;
      at++;
      continue;
    }
    if (spaced && template.startsWith("-}}", at)) return { tokens, trims: true, close: at, end: at + 3 };
    if (template.startsWith("}}", at)) return { tokens, trims: false, close: at, end: at + 2 };
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(template);
    if (match === null)
      throw new TemplateError(
        `unexpected ${JSON.stringify(template[at])} in {{${template.slice(from, at + 1).trimStart()}`,
      );
    tokens.push(tokenOf(match, !spaced));
    at += match[0].length;
    spaced = false;
  }
  throw new TemplateError(`the action {{${template.slice(from).trim()} is not closed by }}`);
}

function tokenOf(match: RegExpExecArray, attached: boolean): Token {
  const [text] = match;
  const { quoted, raw, char, number: digits, variable, word, sign, field } = match.groups ?? {};
  if (quoted !== undefined) return { kind: "string", value: unquote(quoted) };
  if (raw !== undefined) return { kind: "string", value: raw.slice(1, -1) };
  if (char !== undefined) return { kind: "number", value: unquote(char).codePointAt(0) ?? 0 };
  if (digits !== undefined) return { kind: "number", value: parseNumber(digits.replaceAll("_", "")) };
  if (variable !== undefined) return { kind: "variable", name: variable.slice(1) };
  if (word !== undefined) return { kind: "word", name: word };
  if (sign !== undefined) return { kind: "sign", sign: text as (Token & { kind: "sign" })["sign"] };
  return { kind: "field", name: field ?? "", attached };
}

/** Number() takes no sign before 0x. */
function parseNumber(text: string): number {
  return text.startsWith("-") ? -Number(text.slice(1)) : Number(text.replace(/^\+/, ""));
}

const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/** The value of a Go string or character literal with its quotes. */
function unquote(literal: string): string {
  return literal
    .slice(1, -1)
    .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)/g, (whole, code: string) => {
      const plain = escapes[code];
      if (plain !== undefined) return plain;
      if (/^[xuU]./.test(code)) return String.fromCodePoint(Number.parseInt(code.slice(1), 16));
      if (/^[0-7]{3}$/.test(code)) return String.fromCodePoint(Number.parseInt(code, 8));
      throw new TemplateError(`the literal ${literal} has the unknown escape ${whole}`);
    });
}
