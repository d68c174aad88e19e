import { TemplateError } from "./go-template/error.ts";
import { type TemplateFunction, templateFunctions } from "./go-template/functions.ts";
import { type Node, type Operand, type Pipe, parseTemplate as parseNodes } from "./go-template/parse.ts";
import { entriesOf, isNil, isObject, isTrue, kindOf, printValue } from "./go-template/value.ts";
import { nearest } from "./nearest.ts";

// The part of Go's text/template that people script against with Docker's `--format`. Left out: define, template, block.
//
// An object is a struct: a field that it does not have is an error, a field that is there and undefined is nil.
// The fields named in `maps` hold maps: a key that they do not have prints `<no value>`. A function is a method.

export { TemplateError } from "./go-template/error.ts";
export { headerFunctions, type TemplateFunction } from "./go-template/functions.ts";

export interface TemplateOptions {
  /** Names of fields that hold maps with free keys: "Labels". */
  readonly maps?: ReadonlySet<string>;
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
}

/** A parsed template: value in, text out. Throws TemplateError where the value does not fit. */
export type Template = (value: unknown, options?: TemplateOptions) => string;

const lazyFunctions = ["and", "or"];

/** Parses a template once, to be run on many values. Throws TemplateError. */
export function parseTemplate(template: string): Template {
  const nodes = parseNodes(template, [...lazyFunctions, ...Object.keys(templateFunctions)]);
  return (value, options = {}) => {
    const run = new Run(value, options);
    run.list(nodes, value, run.rootScope);
    return run.output;
  };
}

/** Variables of one block; those of the blocks around it are reached through `parent`. */
interface Scope {
  readonly names: Map<string, unknown>;
  readonly parent: Scope | undefined;
}

type Flow = "on" | "break" | "continue";

class Run {
  output = "";
  readonly rootScope: Scope;
  readonly #maps: ReadonlySet<string>;
  readonly #functions: Readonly<Record<string, TemplateFunction>>;
  /** Objects that came out of a field that holds maps. */
  readonly #knownMaps = new WeakSet<object>();

  constructor(root: unknown, options: TemplateOptions) {
    this.rootScope = { names: new Map([["", root]]), parent: undefined };
    this.#maps = options.maps ?? new Set();
    this.#functions = options.functions ?? templateFunctions;
  }

  list(nodes: readonly Node[], dot: unknown, scope: Scope): Flow {
    for (const node of nodes) {
      const flow = this.#node(node, dot, scope);
      if (flow !== "on") return flow;
    }
    return "on";
  }

  #node(node: Node, dot: unknown, scope: Scope): Flow {
    switch (node.kind) {
      case "text":
        this.output += node.text;
        return "on";
      case "print": {
        const value = this.#pipe(node.pipe, dot, scope);
        if (node.pipe.variables.length === 0) this.output += printValue(value);
        return "on";
      }
      case "if":
      case "with": {
        const inner = child(scope);
        const value = this.#pipe(node.pipe, dot, inner);
        if (!isTrue(value)) return this.list(node.otherwise, dot, inner);
        return this.list(node.body, node.kind === "with" ? value : dot, inner);
      }
      case "range":
        this.#range(node, dot, scope);
        return "on";
      case "break":
      case "continue":
        return node.kind;
      default:
        return node satisfies never;
    }
  }

  #range(node: Node & { kind: "if" | "with" | "range" }, dot: unknown, scope: Scope): void {
    const { variables, ...rest } = node.pipe;
    const items = itemsOf(this.#pipe({ ...rest, variables: [] }, dot, scope));
    if (items.length === 0) {
      this.list(node.otherwise, dot, child(scope));
      return;
    }
    for (const [key, item] of items) {
      const inner = child(scope);
      const [first, second] = variables;
      if (first !== undefined) inner.names.set(first, second === undefined ? item : key);
      if (second !== undefined) inner.names.set(second, item);
      if (this.list(node.body, item, inner) === "break") return;
    }
  }

  #pipe(pipe: Pipe, dot: unknown, scope: Scope): unknown {
    let value: unknown;
    let piped: readonly unknown[] = [];
    for (const command of pipe.commands) {
      value = this.#command(command, piped, dot, scope, pipe.source);
      piped = [value];
    }
    for (const name of pipe.variables) {
      if (pipe.assigns === "declare") scope.names.set(name, value);
      else holder(scope, name).names.set(name, value);
    }
    return value;
  }

  #command(
    command: readonly Operand[],
    piped: readonly unknown[],
    dot: unknown,
    scope: Scope,
    source: string,
  ): unknown {
    const [first, ...others] = command;
    if (first === undefined) throw new TemplateError(`{{${source}}} misses a value`);
    if (first.kind === "function") {
      if (lazyFunctions.includes(first.name))
        return this.#andOr(first.name, others, piped, dot, scope, source);
      const args = [...others.map((operand) => this.#operand(operand, dot, scope, source)), ...piped];
      const call = this.#functions[first.name];
      if (call === undefined) throw new TemplateError(`there is no function "${first.name}"`);
      return call(...args);
    }
    const value = this.#operand(first, dot, scope, source);
    const args = [...others.map((operand) => this.#operand(operand, dot, scope, source)), ...piped];
    if (typeof value === "function") return (value as TemplateFunction)(...args);
    if (args.length > 0) throw new TemplateError(`{{${source}}} gives arguments to what is no function`);
    return value;
  }

  /** `and` gives the first value that is false, `or` the first that is true, else the last; the rest is not evaluated. */
  #andOr(
    name: string,
    operands: readonly Operand[],
    piped: readonly unknown[],
    dot: unknown,
    scope: Scope,
    source: string,
  ): unknown {
    let value: unknown;
    for (const operand of operands) {
      value = this.#operand(operand, dot, scope, source);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  #operand(operand: Operand, dot: unknown, scope: Scope, source: string): unknown {
    if (operand.kind === "literal") return operand.value;
    if (operand.kind === "function") return this.#command([operand], [], dot, scope, source);
    const { base, fields } = operand;
    let value: unknown;
    if (base.kind === "dot") value = dot;
    else if (base.kind === "variable") value = holder(scope, base.name).names.get(base.name);
    else value = this.#pipe(base.pipe, dot, child(scope));
    for (const field of fields) value = this.#field(value, field, source);
    return value;
  }

  #field(receiver: unknown, name: string, source: string): unknown {
    if (isNil(receiver))
      throw new TemplateError(`{{${source}}}: there is no value to take the field "${name}" of`);
    if (!isObject(receiver))
      throw new TemplateError(`{{${source}}}: a value of type ${kindOf(receiver)} has no field "${name}"`);
    if (!Object.hasOwn(receiver, name)) {
      if (this.#knownMaps.has(receiver)) return undefined;
      throw new TemplateError(
        `{{${source}}}: there is no field "${name}"`,
        nearest(name, Object.keys(receiver)),
      );
    }
    const value = receiver[name];
    if (isObject(value) && this.#maps.has(name)) this.#knownMaps.add(value);
    return value;
  }
}

function child(parent: Scope): Scope {
  return { names: new Map(), parent };
}

function holder(scope: Scope, name: string): Scope {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) if (at.names.has(name)) return at;
  throw new TemplateError(`there is no variable "$${name}"`);
}

function itemsOf(value: unknown): (readonly [unknown, unknown])[] {
  if (isNil(value)) return [];
  if (Array.isArray(value)) return value.map((item, index) => [index, item] as const);
  if (typeof value === "number" && Number.isInteger(value))
    return Array.from({ length: value }, (_, index) => [index, index] as const);
  if (isObject(value)) return entriesOf(value);
  throw new TemplateError(`range cannot go over a value of type ${kindOf(value)}`);
}
