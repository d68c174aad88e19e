import type { SourceRange } from "#spec";
import { heredocUnterminated, jsonNotWords, pairInvalid } from "./error.ts";
import type { Directives, EscapeCharacter } from "./directive.ts";
import { findHeredocs, type Heredoc } from "./heredoc.ts";
import { type LogicalLine, LogicalLineReader } from "./logical-line.ts";
import { readSourceLines } from "./source-line.ts";
import { cutAtBlank, isSpace, splitBlanks, trimSpace, trimStart } from "./white-space.ts";
import { readJsonWords, splitFlags, splitPairWords } from "./words.ts";

/** Where an instruction stands, and how it was written. */
export interface SourcePlace {
  readonly range: SourceRange;
  /** The keyword as written: `FROM`, `from`. */
  readonly keyword: string;
  /** The instruction in one line, without its heredocs: what Docker writes into the history. */
  readonly line: string;
  /** The lines of the file, heredocs included. */
  readonly original: string;
  /** The comment lines right above. */
  readonly comments: readonly string[];
  /** Empty lines between its continued ones. */
  readonly gaps: readonly number[];
}

/** `NAME=value`, or `NAME value` in the old way, which has no separator. */
export interface Pair {
  readonly name: string;
  readonly value: string;
  readonly separator: "=" | "";
}

/**
 * An instruction cut into its parts, before anybody asks what they mean: what BuildKit calls a node. The tests compare
 * it with BuildKit's own trees.
 */
export interface Statement extends SourcePlace {
  readonly flags: readonly string[];
  readonly args: readonly string[];
  /** The arguments were a JSON array. */
  readonly json: boolean;
  /** Of ENV and LABEL, which have no `args`. */
  readonly pairs: readonly Pair[];
  /** What ONBUILD keeps for later. */
  readonly child?: Statement;
  readonly heredocs: readonly Heredoc[];
}

export interface StatementFile {
  readonly directives: Directives;
  readonly statements: readonly Statement[];
}

/** Cuts a Dockerfile into statements. */
export function readStatements(text: string, file: string): StatementFile {
  const lines = readSourceLines(text);
  const reader = new LogicalLineReader(lines, file);
  const statements: Statement[] = [];
  for (let line = reader.takeLogicalLine(); line !== undefined; line = reader.takeLogicalLine()) {
    const range = { file, from: line.from, to: line.to };
    const cut = cutStatement(line.text, reader.directives.escape, { ...placeOf(line, range), range });
    const heredocs = takesHeredocs(cut) ? readHeredocs(reader, line, file) : { list: [], to: line.to };
    const place = {
      range: { file, from: line.from, to: heredocs.to },
      original: lines
        .slice(line.from - 1, heredocs.to)
        .map((one) => one.raw)
        .join(""),
    };
    const child =
      cut.child === undefined ? {} : { child: { ...cut.child, ...place, heredocs: heredocs.list } };
    statements.push({ ...cut, ...place, heredocs: heredocs.list, ...child });
  }
  return { directives: reader.directives, statements };
}

function placeOf(line: LogicalLine, range: SourceRange): Omit<SourcePlace, "keyword" | "line"> {
  return { range, original: "", comments: line.comments, gaps: line.gaps };
}

type Place = Omit<SourcePlace, "keyword" | "line">;

function cutStatement(text: string, escapeCharacter: EscapeCharacter, place: Place): Statement {
  const line = trimSpace(text);
  const [keyword, tail] = cutAtBlank(line) ?? [line, ""];
  const { flags, rest } = splitFlags(tail);
  const parts = cutArguments(keyword.toLowerCase(), trimSpace(rest), escapeCharacter, place);
  return { ...place, keyword, line, flags, args: [], json: false, pairs: [], heredocs: [], ...parts };
}

type Parts = Partial<Pick<Statement, "args" | "json" | "pairs" | "child">>;

function cutArguments(keyword: string, rest: string, escapeCharacter: EscapeCharacter, place: Place): Parts {
  if (rest === "") return {};
  switch (keyword) {
    case "env":
    case "label":
      return { pairs: readPairs(keyword, rest, escapeCharacter, place.range) };
    case "arg":
      return { args: splitPairWords(rest, escapeCharacter) };
    case "from":
    case "expose":
      return { args: splitBlanks(rest) };
    case "add":
    case "copy":
    case "volume":
      return readJson(rest, place.range) ?? { args: splitBlanks(rest) };
    case "run":
    case "cmd":
    case "entrypoint":
    case "shell":
      return readJson(rest, place.range) ?? { args: [rest] };
    case "healthcheck":
      return readHealthcheck(rest, place.range);
    case "onbuild":
      // One that is kept inside another is refused later; no need to go down a line full of them.
      return {
        child: cutStatement(/^onbuild\s/i.test(rest) ? "ONBUILD" : rest, escapeCharacter, place),
      };
    case "maintainer":
    case "stopsignal":
    case "user":
    case "workdir":
      return { args: [rest] };
    default:
      return {};
  }
}

function readJson(rest: string, where: SourceRange): Parts | undefined {
  const json = readJsonWords(rest);
  if (json.kind === "other") throw jsonNotWords(rest, where);
  return json.kind === "words" ? { args: json.words, json: true } : undefined;
}

function readHealthcheck(rest: string, where: SourceRange): Parts {
  let end = 0;
  while (end < rest.length && !isSpace(rest[end]!)) end++;
  const type = rest.slice(0, end);
  const command = trimStart(rest.slice(end));
  if (command === "") return { args: [type] };
  const { args, json = false } = readJson(command, where) ?? { args: [command] };
  return { args: [type, ...(args ?? [])], json };
}

/** The first word decides: with "=" all words are pairs, without it the rest of the line is one value. */
function readPairs(
  keyword: string,
  rest: string,
  escapeCharacter: EscapeCharacter,
  where: SourceRange,
): readonly Pair[] {
  const words = splitPairWords(rest, escapeCharacter);
  const upper = keyword.toUpperCase();
  if (words[0] !== undefined && !words[0].includes("=")) {
    const parts = cutAtBlank(rest);
    if (parts === undefined) throw pairInvalid(upper, rest, where);
    return [{ name: parts[0], value: parts[1], separator: "" }];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) throw pairInvalid(upper, word, where);
    return { name: word.slice(0, equals), value: word.slice(equals + 1), separator: "=" };
  });
}

function takesHeredocs(statement: Statement): boolean {
  const { keyword, json } = statement.child ?? statement;
  return !json && ["add", "copy", "run"].includes(keyword.toLowerCase());
}

function readHeredocs(
  reader: LogicalLineReader,
  line: LogicalLine,
  file: string,
): { readonly list: readonly Heredoc[]; readonly to: number } {
  let { to } = line;
  const list = findHeredocs(line.text).map((mark): Heredoc => {
    const content: string[] = [];
    for (let next = reader.takeLine(); next !== undefined; next = reader.takeLine()) {
      to = next.number;
      const end = mark.cutsTabs ? next.text.replace(/^\t+/, "") : next.text;
      if (end === mark.name) return { ...mark, content: content.join("") };
      content.push(next.raw);
    }
    throw heredocUnterminated(mark.name, { file, from: line.from, to: line.to });
  });
  return { list, to };
}
