import { nearest } from "../nearest.ts";
import { TemplateError } from "./error.ts";
import { lexTemplate, type Token } from "./lex.ts";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    }
  | { readonly kind: "break" | "continue" };

/** `$a, $b := command | command` */
export interface Pipe {
  readonly variables: readonly string[];
  readonly assigns: "declare" | "set";
  readonly commands: readonly Command[];
  /** As written, for error texts. */
  readonly source: string;
}

/** A value, or a function or method with its arguments. */
export type Command = readonly Operand[];

export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "function"; readonly name: string }
  /** Fields taken one after the other from the dot, a variable or a pipe in parentheses. */
  | {
      readonly kind: "chain";
      readonly base:
        | { readonly kind: "dot" }
        | { readonly kind: "variable"; readonly name: string }
        | PipeBase;
      readonly fields: readonly string[];
    };

interface PipeBase {
  readonly kind: "pipe";
  readonly pipe: Pipe;
}

const keywords = ["if", "else", "end", "range", "with", "break", "continue", "define", "template", "block"];

/** Parses a template. `functions` are the names it may call. Throws TemplateError. */
export function parseTemplate(template: string, functions: readonly string[]): readonly Node[] {
  const pieces = lexTemplate(template);
  let at = 0;

  const parseList = (
    inside: string | undefined,
  ): { nodes: Node[]; stop: readonly Token[]; source: string } => {
    const nodes: Node[] = [];
    for (; at < pieces.length; ) {
      const piece = pieces[at++];
      if (piece === undefined) break;
      if (piece.kind === "text") {
        nodes.push(piece);
        continue;
      }
      const [first, ...rest] = piece.tokens;
      if (first === undefined) throw new TemplateError("an action {{}} is empty");
      const keyword = first.kind === "word" && keywords.includes(first.name) ? first.name : undefined;
      switch (keyword) {
        case undefined:
          nodes.push({ kind: "print", pipe: parsePipe(piece.tokens, functions, piece.source) });
          break;
        case "end":
        case "else":
          if (inside === undefined)
            throw new TemplateError(`{{${keyword}}} has no {{if}}, {{range}} or {{with}} before it`);
          return { nodes, stop: piece.tokens, source: piece.source };
        case "break":
        case "continue":
          nodes.push({ kind: keyword });
          break;
        case "if":
        case "with":
        case "range":
          nodes.push(parseBlock(keyword, rest, piece.source));
          break;
        default:
          throw new TemplateError(`{{${keyword}}} is not supported`);
      }
    }
    if (inside !== undefined) throw new TemplateError(`{{${inside}}} has no {{end}}`);
    return { nodes, stop: [], source: "" };
  };

  const parseBlock = (kind: "if" | "with" | "range", tokens: readonly Token[], source: string): Node => {
    const pipe = parsePipe(tokens, functions, source);
    if (pipe.commands.length === 0) throw new TemplateError(`{{${kind}}} misses its value`);
    const { nodes: body, stop, source: stopSource } = parseList(kind);
    if (!isWord(stop[0], "else")) return { kind, pipe, body, otherwise: [] };
    // {{else if X}} and {{else with X}} share the {{end}} of the block they continue.
    const chained = stop[1]?.kind === "word" ? stop[1].name : undefined;
    if (chained === "if" || chained === "with")
      return { kind, pipe, body, otherwise: [parseBlock(chained, stop.slice(2), stopSource)] };
    if (stop.length > 1) throw new TemplateError(`{{${stopSource}}} has words that do not belong to it`);
    const last = parseList(kind);
    if (isWord(last.stop[0], "else")) throw new TemplateError(`{{${kind}}} has two {{else}}`);
    return { kind, pipe, body, otherwise: last.nodes };
  };

  return parseList(undefined).nodes;
}

function isWord(token: Token | undefined, name: string): boolean {
  return token?.kind === "word" && token.name === name;
}

function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === "sign" && token.sign === sign;
}

function parsePipe(tokens: readonly Token[], functions: readonly string[], source: string): Pipe {
  let at = 0;
  const variables: string[] = [];
  let assigns: Pipe["assigns"] = "declare";
  const heads = tokens.findIndex((token) => isSign(token, ":=") || isSign(token, "="));
  if (heads > 0) {
    for (const [index, token] of tokens.slice(0, heads).entries()) {
      if (index % 2 === 0 && token.kind === "variable" && token.name !== "") variables.push(token.name);
      else if (!(index % 2 === 1 && isSign(token, ",")))
        throw new TemplateError(`{{${source}}} assigns to what is no variable`);
    }
    if (isSign(tokens[heads], "=")) assigns = "set";
    at = heads + 1;
  }
  const commands: Command[] = [];
  let command: Operand[] = [];
  const endCommand = () => {
    if (command.length === 0) throw new TemplateError(`{{${source}}} misses a value`);
    commands.push(command);
    command = [];
  };
  while (at < tokens.length) {
    const token = tokens[at];
    if (token === undefined) break;
    if (isSign(token, "|")) {
      endCommand();
      at++;
      continue;
    }
    at++;
    if (token.kind === "string" || token.kind === "number")
      command.push({ kind: "literal", value: token.value });
    else if (token.kind === "word") command.push(wordOperand(token.name, functions));
    else if (token.kind === "field") {
      if (token.attached && command.length > 0)
        throw new TemplateError(`{{${source}}} has a field ".${token.name}" behind what has none`);
      command.push(chain({ kind: "dot" }, token.name === "" ? [] : [token.name]));
    } else if (token.kind === "variable") command.push(chain({ kind: "variable", name: token.name }, []));
    else if (isSign(token, "(")) {
      const close = closing(tokens, at, source);
      const pipe = parsePipe(tokens.slice(at, close), functions, source);
      at = close + 1;
      command.push(chain({ kind: "pipe", pipe }, []));
    } else throw new TemplateError(`{{${source}}} has a stray "${token.sign}"`);
  }
  endCommand();
  return { variables, assigns, commands, source };

  function chain(base: (Operand & { kind: "chain" })["base"], first: readonly string[]): Operand {
    const fields = [...first];
    for (
      let next = tokens[at];
      next?.kind === "field" && next.attached && next.name !== "";
      next = tokens[++at]
    )
      fields.push(next.name);
    return { kind: "chain", base, fields };
  }
}

/** The place of the parenthesis that closes the one before `from`. */
function closing(tokens: readonly Token[], from: number, source: string): number {
  let depth = 1;
  for (let at = from; at < tokens.length; at++) {
    if (isSign(tokens[at], "(")) depth++;
    if (isSign(tokens[at], ")") && --depth === 0) return at;
  }
  throw new TemplateError(`{{${source}}} has a "(" that is not closed`);
}

function wordOperand(name: string, functions: readonly string[]): Operand {
  if (name === "true" || name === "false") return { kind: "literal", value: name === "true" };
  if (name === "nil") return { kind: "literal", value: null };
  if (functions.includes(name)) return { kind: "function", name };
  throw new TemplateError(`there is no function "${name}"`, nearest(name, functions));
}
