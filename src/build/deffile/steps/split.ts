import type { ParsedScript, Statement, SyntaxNode } from "unbash";
import { type Judgement, judge, type StateChange } from "./judge.ts";
import { type ScriptShell, settingsOf } from "./shell.ts";

/** A command at the top of a script, or several that share a line. */
export interface ScriptCommand {
  /** Whole lines. */
  readonly text: string;
  /** Numbers of its lines in the script, from one. */
  readonly from: number;
  readonly to: number;
  /** What it may change of the shell itself. */
  readonly changes: readonly StateChange[];
  /** Functions that it defines: their text, which a shell such as dash cannot tell. */
  readonly functions: readonly FunctionText[];
  /** Names that it takes back by `unset -f`. */
  readonly removed: readonly string[];
  /** It does nothing but define functions, so there is nothing to run. */
  readonly onlyDefines: boolean;
}

export interface FunctionText {
  readonly name: string;
  readonly text: string;
  readonly line: number;
}

/** From `from` on, the commands cannot be parted, so they are one. */
export interface JoinedRest {
  readonly from: number;
  readonly reason: string;
}

/** A script as steps that can be run in shells of their own, or why it can only be run whole. */
export type ScriptSplit =
  | { readonly kind: "steps"; readonly commands: readonly ScriptCommand[]; readonly joined?: JoinedRest }
  | { readonly kind: "whole"; readonly reason: string };

/** More than this is not written by people, and every step costs something. */
const mostCommands = 2000;

/**
 * Parts a script into the commands that its shell would read one after the other. Where the state of the shell cannot be
 * carried over (see judge.ts), the rest of the script is one command.
 */
export async function splitScript(text: string, shell: ScriptShell): Promise<ScriptSplit> {
  if (shell.family === "other")
    return { kind: "whole", reason: `the commands of ${shell.command[0]} cannot be told apart` };
  if (settingsOf(shell) === undefined)
    return {
      kind: "whole",
      reason: `the options "${shell.command.slice(1).join(" ")}" cannot be carried over`,
    };
  if (text.includes("\0")) return { kind: "whole", reason: "it holds a NUL" };
  const { parse, forEachChild } = await import("unbash");
  const source = text.endsWith("\n") ? text : `${text}\n`;
  const lines = new LineTable(source);
  const script = parse(source);
  const fault = findFault(script, forEachChild);
  if (fault !== undefined) return { kind: "whole", reason: fault };
  const groups = groupByLines(script.commands, lines, forEachChild);
  const stray = findStrayLine(groups, lines);
  if (stray !== undefined) return { kind: "whole", reason: `line ${stray} belongs to no command` };
  if (groups.length > mostCommands)
    return { kind: "whole", reason: `it has more than ${mostCommands} commands` };
  const judged = groups.map((group) => judge(group.statements, shell.family, forEachChild));
  return join(
    groups.map((group, index) => makeCommand(group, judged[index]!, source, lines)),
    judged,
    lines,
  );
}

type Walk = (node: SyntaxNode, visit: (child: SyntaxNode) => void) => void;

interface Group {
  readonly statements: Statement[];
  readonly from: number;
  to: number;
}

/** Commands that share a line are read by the shell at once. */
function groupByLines(statements: readonly Statement[], lines: LineTable, walk: Walk): readonly Group[] {
  const groups: Group[] = [];
  for (const statement of statements) {
    const from = lines.numberAt(statement.pos);
    const to = lines.numberAt(Math.max(statement.pos, endOf(statement, walk) - 1));
    const last = groups.at(-1);
    if (last === undefined || from > last.to) groups.push({ statements: [statement], from, to });
    else {
      last.statements.push(statement);
      last.to = Math.max(last.to, to);
    }
  }
  return groups;
}

/** Behind the last heredoc of a statement: its text stands below the line that asks for it. */
function endOf(statement: Statement, walk: Walk): number {
  let end = statement.end;
  const visit = (node: SyntaxNode) => {
    // What stands in backticks has been decoded, and has positions of its own; it ends inside of the statement.
    if (node.type === "Script") return;
    if (node.type === "HereDoc") end = Math.max(end, node.closing?.end ?? node.body.end);
    walk(node, visit);
  };
  visit(statement);
  return end;
}

/** What the parser could not make sense of, anywhere. */
function findFault(script: ParsedScript, walk: Walk): string | undefined {
  let fault: string | undefined;
  const visit = (node: SyntaxNode) => {
    if (fault !== undefined) return;
    if (node.type === "Script") fault = (node as ParsedScript).errors?.[0]?.message;
    if (node.type === "HereDoc" && node.closing === undefined)
      fault = `the heredoc "${node.delimiter?.value ?? ""}" has no end`;
    if (fault === undefined) walk(node, visit);
  };
  visit(script);
  return fault;
}

/** Every line belongs to a command, is empty or a comment: else the parser and the shell would not agree. */
function findStrayLine(groups: readonly Group[], lines: LineTable): number | undefined {
  let next = 1;
  for (const { from, to } of [...groups, { from: lines.count + 1, to: lines.count }]) {
    for (; next < from; next++) if (!/^[ \t\r]*(#|$)/.test(lines.line(next))) return next;
    next = Math.max(next, to + 1);
  }
  return undefined;
}

function makeCommand(group: Group, judgement: Judgement, source: string, lines: LineTable): ScriptCommand {
  const functions = group.statements.flatMap(({ command }): readonly FunctionText[] =>
    command.type === "Function"
      ? [
          {
            name: command.name.value,
            text: source.slice(command.pos, functionEnd(command.end, group, source, lines)),
            line: lines.numberAt(command.pos),
          },
        ]
      : [],
  );
  return {
    text: lines.slice(group.from, group.to),
    from: group.from,
    to: group.to,
    changes: judgement.changes,
    functions,
    removed: judgement.removed,
    onlyDefines: functions.length === group.statements.length,
  };
}

/** A heredoc on the last line of a function stands below it: then the whole lines are taken. */
function functionEnd(end: number, group: Group, source: string, lines: LineTable): number {
  const last = lines.numberAt(end - 1);
  return group.statements.length === 1 && last < group.to
    ? lines.endOf(group.to)
    : Math.min(end, source.length);
}

/** Puts the commands together from the first one on after which the state cannot be carried. */
function join(
  commands: readonly ScriptCommand[],
  judged: readonly Judgement[],
  lines: LineTable,
): ScriptSplit {
  const hindered = judged.findIndex((judgement) => judgement.hindrance !== undefined);
  if (commands.every((command) => command.onlyDefines))
    return { kind: "whole", reason: "it runs no command" };
  if (hindered < 0) return { kind: "steps", commands };
  const { hindrance, looksBack } = judged[hindered]!;
  const at = Math.max(0, looksBack ? hindered - 1 : hindered);
  const reason = `line ${commands[hindered]!.from}: ${hindrance ?? ""}`;
  if (commands.slice(0, at).every((command) => command.onlyDefines)) return { kind: "whole", reason };
  const rest = commands.slice(at);
  const first = rest[0]!;
  if (rest.length === 1) return { kind: "steps", commands, joined: { from: first.from, reason } };
  const joined: ScriptCommand = {
    text: lines.slice(first.from, rest.at(-1)!.to),
    from: first.from,
    to: rest.at(-1)!.to,
    changes: [...new Set(rest.flatMap((command) => command.changes))],
    functions: rest.flatMap((command) => command.functions),
    removed: rest.flatMap((command) => command.removed),
    onlyDefines: false,
  };
  return {
    kind: "steps",
    commands: [...commands.slice(0, at), joined],
    joined: { from: first.from, reason },
  };
}

/** Lines by number, and numbers by place. */
class LineTable {
  readonly #source: string;
  readonly #starts: readonly number[];

  constructor(source: string) {
    this.#source = source;
    const starts = [0];
    for (let at = source.indexOf("\n"); at >= 0 && at + 1 < source.length; at = source.indexOf("\n", at + 1))
      starts.push(at + 1);
    this.#starts = starts;
  }

  get count(): number {
    return this.#starts.length;
  }

  numberAt(place: number): number {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= place) low = middle;
      else high = middle;
    }
    return low + 1;
  }

  endOf(number: number): number {
    return this.#starts[number] ?? this.#source.length;
  }

  line(number: number): string {
    return this.slice(number, number).replace(/\n$/, "");
  }

  slice(from: number, to: number): string {
    return this.#source.slice(this.#starts[from - 1] ?? 0, this.endOf(to));
  }
}
