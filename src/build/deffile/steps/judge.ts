import type { Command, Statement, SyntaxNode, Word } from "unbash";
import type { ScriptShell } from "./shell.ts";

/** What a command may change of the shell that runs it, as far as its own text shows. */
export type StateChange = "directory" | "variables" | "arguments" | "options" | "umask" | "functions" | "end";

export interface Judgement {
  readonly changes: readonly StateChange[];
  readonly removed: readonly string[];
  /** Why the state behind this command cannot be carried into another shell. */
  readonly hindrance?: string;
  /** The command before is hindered, too: this one asks what became of it. */
  readonly looksBack: boolean;
}

type Walk = (node: SyntaxNode, visit: (child: SyntaxNode) => void) => void;

interface Surroundings {
  /** In a subshell, whatever happens to the shell ends with it. */
  readonly subshell: boolean;
  /** At the top of the script: functions that are defined here are carried as text. */
  readonly top: boolean;
}

const changing: Readonly<Record<string, readonly StateChange[]>> = {
  cd: ["directory", "variables"],
  export: ["variables"],
  readonly: ["variables"],
  declare: ["variables"],
  typeset: ["variables"],
  let: ["variables"],
  read: ["variables"],
  mapfile: ["variables"],
  readarray: ["variables"],
  unset: ["variables"],
  shift: ["arguments"],
  set: ["options", "arguments"],
  shopt: ["options"],
  umask: ["umask"],
  exit: ["end"],
  return: ["end"],
  ".": ["variables", "functions"],
  source: ["variables", "functions"],
  eval: ["variables", "functions"],
};

const hindering: Readonly<Record<string, string>> = {
  trap: "a trap belongs to the shell that sets it",
  exec: "exec replaces the shell or its open files",
  alias: "an alias changes how the lines below are read",
  unalias: "an alias changes how the lines below are read",
  ulimit: "a limit belongs to the shell that sets it",
  getopts: "getopts remembers where it is in a word",
  pushd: "the stack of folders belongs to the shell",
  popd: "the stack of folders belongs to the shell",
  enable: "enable changes which commands the shell has",
  coproc: "a command runs in the background",
  bg: "a command runs in the background",
};

/** Those that a shell must ask its own memory for: dash cannot print functions, bash can. */
const unknownToSh: Readonly<Record<string, string>> = {
  ".": "a file that is read in may define functions, which sh cannot print",
  source: "a file that is read in may define functions, which sh cannot print",
  eval: "eval may define functions, which sh cannot print",
};

const ownNumber = "the number of the shell is another one in every step";
const before = "it asks about the command before";
const hinderingVariables: Readonly<Record<string, string>> = {
  $: ownNumber,
  BASHPID: ownNumber,
  "!": "it asks about a command in the background",
  _: before,
  PIPESTATUS: before,
  BASH_REMATCH: before,
  LINENO: "the number of the line cannot be restored in every shell",
};

/** Looks through commands that share a line. */
export function judge(
  statements: readonly Statement[],
  family: ScriptShell["family"],
  walk: Walk,
): Judgement {
  const changes = new Set<StateChange>();
  const removed: string[] = [];
  const hindrances = new Set<string>();
  const hinder = (reason: string | undefined) => {
    if (reason !== undefined) hindrances.add(reason);
  };

  const visitChildren = (node: SyntaxNode, around: Surroundings) =>
    walk(node, (child) => {
      visit(child, around);
    });

  const visit = (node: SyntaxNode, around: Surroundings): void => {
    const inner = { ...around, top: false };
    switch (node.type) {
      case "Statement":
        if (node.background === true) hinder("a command runs in the background");
        visit(node.command, around);
        return;
      case "Subshell":
      case "CommandExpansion":
      case "ArithmeticCommandExpansion":
        visitChildren(node, { subshell: true, top: false });
        return;
      case "ProcessSubstitution":
        if (node.operator === ">") hinder("a command runs in the background");
        visitChildren(node, { subshell: true, top: false });
        return;
      case "Pipeline": {
        // The last part runs in the shell itself where bash is told so (lastpipe).
        const last = node.commands.length - 1;
        node.commands.forEach((command, index) => {
          visit(command, { subshell: around.subshell || index < last, top: false });
        });
        return;
      }
      case "Coproc":
        hinder(hindering.coproc);
        visitChildren(node, inner);
        return;
      case "Function":
        changes.add("functions");
        if (family === "sh" && !around.top && !around.subshell)
          hinder("a function is defined inside of another command, and sh cannot print functions");
        if (family === "sh" && node.name.pos !== node.pos)
          hinder('the word "function" means one thing to bash and another to sh');
        visit(node.body, inner);
        return;
      case "Command":
        visitCommand(node, around);
        visitChildren(node, inner);
        return;
      case "Assignment":
        visitChildren(node, inner);
        return;
      case "Redirect":
        if (family === "sh" && node.operator.startsWith("&"))
          hinder(`"${node.operator}" means one thing to bash and another to sh`);
        visitChildren(node, inner);
        return;
      case "AnsiCQuoted":
        if (family === "sh" && node.text.includes("\\'"))
          hinder("a quote of the kind $'\\'' ends at another place in sh");
        return;
      case "ArithmeticCommand":
      case "ArithmeticFor":
        if (family === "sh") hinder('"((" means one thing to bash and another to sh');
        visitChildren(node, inner);
        return;
      case "SimpleExpansion":
        hinder(variableHindrance(node.text.slice(1)));
        return;
      case "ParameterExpansion":
        hinder(variableHindrance(node.parameter));
        if (!around.subshell && node.operation?.type === "Default" && node.operation.operator.endsWith("="))
          changes.add("variables");
        visitChildren(node, inner);
        return;
      case "ArithmeticWord":
        hinder(variableHindrance(node.value));
        visitChildren(node, inner);
        return;
      default:
        visitChildren(node, inner);
    }
  };

  const visitCommand = (command: Command, around: Surroundings): void => {
    const words = wordsOf(command);
    if (command.name === undefined) {
      for (const part of around.subshell ? [] : command.prefix)
        if (part.type === "Assignment") {
          changes.add("variables");
          if (/^(PWD|LINENO|BASH_XTRACEFD)$/.test(part.name))
            hinder(`${part.name} is the shell's own variable`);
        }
      return;
    }
    const [name, ...args] = unwrap(words);
    if (name === undefined || around.subshell) return;
    for (const change of changing[name] ?? []) changes.add(change);
    if (Object.hasOwn(hindering, name)) hinder(hindering[name]);
    if (family === "sh" && Object.hasOwn(unknownToSh, name)) hinder(unknownToSh[name]);
    if (name === "eval" && command.args.some((arg) => /\$\{?(\$|BASHPID)/.test(arg.text))) hinder(ownNumber);
    if (name === "set") hinder(settingHindrance(args));
    if (name === "export" && family === "sh" && args.some((word) => /^-\w*f/.test(word ?? "")))
      hinder("an exported function is unknown to sh");
    if (name === "unset" && args.some((word) => /^-\w*f/.test(word ?? ""))) {
      changes.add("functions");
      const names = args.filter((word) => !word?.startsWith("-"));
      if (family === "sh" && (!around.top || names.includes(undefined)))
        hinder("which functions are left cannot be told from the text");
      removed.push(...names.filter((word) => word !== undefined));
    }
  };

  for (const statement of statements) visit(statement, { subshell: false, top: true });
  const [hindrance] = hindrances;
  return {
    changes: [...changes],
    removed,
    ...(hindrance === undefined ? {} : { hindrance }),
    looksBack: hindrances.has(before),
  };
}

/** The words of a command as they are known before it runs: one with variables in it is undefined. */
function wordsOf(command: Command): readonly (string | undefined)[] {
  const args = command.args.map((arg) => (arg.type === "Word" ? literal(arg) : arg.text));
  return command.name === undefined ? args : [literal(command.name), ...args];
}

function literal(word: Word): string | undefined {
  const isPlain = (word.parts ?? []).every(
    (part) =>
      ["Literal", "SingleQuoted", "AnsiCQuoted"].includes(part.type) ||
      (part.type === "DoubleQuoted" && part.parts.every((inner) => inner.type === "Literal")),
  );
  return isPlain ? word.value : undefined;
}

/** `command cd`, `builtin cd` are `cd`. */
function unwrap(words: readonly (string | undefined)[]): readonly (string | undefined)[] {
  let rest = words;
  while (rest[0] === "command" || rest[0] === "builtin") {
    const asks = rest[1] !== undefined && /^-\w*[vV]/.test(rest[1]);
    if (asks) return [];
    rest = rest.slice(rest[1] === "-p" || rest[1] === "--" ? 2 : 1);
  }
  return rest;
}

function variableHindrance(name: string): string | undefined {
  return Object.hasOwn(hinderingVariables, name) ? hinderingVariables[name] : undefined;
}

/** Options under which a shell reads, prints or runs its lines in another way. */
function settingHindrance(args: readonly (string | undefined)[]): string | undefined {
  for (const [index, word] of args.entries()) {
    if (word === undefined || word === "--" || word === "-") return undefined;
    if (!/^[-+]/.test(word)) {
      if (!/^[-+]\w*o$/.test(args[index - 1] ?? "")) return undefined;
      if (/^(noexec|verbose|monitor|onecmd|privileged|vi|emacs|history|keyword|posix)$/.test(word))
        return `"set -o ${word}" changes how the shell reads and runs lines`;
    } else if (/[nvmtpk]/.test(word)) return `"set ${word}" changes how the shell reads and runs lines`;
  }
  return undefined;
}
