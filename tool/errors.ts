// All errors of Vial, read from the rooms' error files: each exported function is called with placeholders for its
// arguments, so that its real text can be proof-read, listed in docs/errors.md and tested.

import { join } from "node:path";
import { isVialError, type VialError } from "#spec";
import { projectFolder, readSource, sourceFiles } from "./map.ts";

export interface ListedError {
  readonly room: string;
  readonly file: string;
  /** The function that makes it. */
  readonly maker: string;
  /** With all arguments, and with the optional ones left out. */
  readonly error: VialError;
  readonly shortest: VialError;
}

export interface ErrorList {
  readonly errors: readonly ListedError[];
  /** Functions that could not be called, with the reason. */
  readonly faults: readonly string[];
}

/** The files that make errors: error.ts and error-*.ts of each room. spec/error.ts holds the class itself. */
export function errorFiles(): string[] {
  return sourceFiles().filter(
    (file) =>
      /\/error(-[a-z-]+)?\.ts$/.test(file) && !file.endsWith(".test.ts") && file !== "src/spec/error.ts",
  );
}

/** The codes that the text of the error files names, each as often as it is written. Whatever is not among the listed errors was missed. */
export function codesInSource(): string[] {
  const codes = errorFiles().flatMap((file) => [...readSource(file).matchAll(/\bcode:\s*"([^"]+)"/g)]);
  return codes.map((match) => match[1] ?? "").sort();
}

export async function listErrors(): Promise<ErrorList> {
  const errors: ListedError[] = [];
  const faults: string[] = [];
  for (const file of errorFiles()) {
    const source = readSource(file);
    const module = (await import(join(projectFolder, file))) as Record<string, unknown>;
    for (const [maker, make] of Object.entries(module)) {
      if (typeof make !== "function" || /^class\b/.test(Function.prototype.toString.call(make))) continue;
      const parameters = parametersOf(source, maker);
      const call = (wanted: readonly Parameter[]): unknown =>
        (make as (...args: unknown[]) => unknown)(...wanted.map(placeholder));
      try {
        const error = call(parameters);
        const shortest = call(parameters.filter((parameter) => !parameter.optional));
        if (!isVialError(error) || !isVialError(shortest)) continue;
        // One that came from another process has no text of its own: it passes on what it is given.
        if (typeof error.code !== "string") continue;
        errors.push({ room: file.split("/")[1] ?? "", file, maker, error, shortest });
      } catch (error) {
        faults.push(`${file}: ${maker}() cannot be called with placeholders: ${String(error)}`);
      }
    }
  }
  return { errors, faults };
}

interface Parameter {
  readonly name: string;
  readonly type: string;
  readonly optional: boolean;
}

/** The parameters of `export function NAME(...)`, split at the commas that stand in no bracket. */
function parametersOf(source: string, name: string): Parameter[] {
  const start = new RegExp(`export function ${name}\\s*(?:<[^(]*>)?\\(`).exec(source);
  if (start === null) return [];
  const parts: string[] = [""];
  let depth = 0;
  for (const char of source.slice(start.index + start[0].length)) {
    if (char === ")" && depth === 0) break;
    if ("([{<".includes(char)) depth++;
    if (")]}>".includes(char)) depth--;
    if (char === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const [, parameter = part, mark = "", type = "unknown"] =
        /^(\w+|\{[^}]*\})(\??)\s*:\s*([\s\S]+)$/.exec(part) ?? [];
      const outer = type.replace(/\{[\s\S]*\}/g, "{}");
      const optional = mark === "?" || /\|\s*undefined\b/.test(outer) || /=(?!>)/.test(outer);
      return { name: parameter.startsWith("{") ? "options" : parameter, type: type.trim(), optional };
    });
}

function placeholder(parameter: Parameter): unknown {
  const { name, type } = parameter;
  const shown = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).toUpperCase();
  if (/^(readonly )?string\[\]/.test(type)) return [shown];
  if (/^(readonly )?\w+\[\]/.test(type)) return [universal(shown)];
  if (/^string\b/.test(type)) return shown;
  if (/^(number|bigint)\b/.test(type)) return 7;
  if (/^boolean\b/.test(type)) return true;
  if (/^(unknown|Error)\b/.test(type))
    return Object.assign(new Error(shown), { code: "ENOSPC", path: "PATH" });
  const choice = /^"([^"]+)"/.exec(type)?.[1];
  return choice ?? universal(shown);
}

/** Something that stands for any value: its fields are again such things, and as text it is its own name. */
function universal(name: string): unknown {
  const self: unknown = new Proxy(() => name, {
    get(_, field) {
      if (field === Symbol.toPrimitive || field === "toString" || field === "toJSON") return () => name;
      if (field === Symbol.iterator) return () => [name, name][Symbol.iterator]();
      if (typeof field === "symbol") return undefined;
      if (field === "length" || field === "size") return 1;
      const text = (name as unknown as Record<string, unknown>)[field];
      if (typeof text === "function") return text.bind(name);
      const list = ([name] as unknown as Record<string, unknown>)[field];
      if (typeof list === "function") return list.bind([name]);
      return universal(field.toUpperCase());
    },
    apply: () => universal(name),
  });
  return self;
}

/** docs/errors.md, whole. */
export function printErrors(errors: readonly ListedError[]): string {
  const roomNames = [...new Set(errors.map((entry) => entry.room))];
  const parts = roomNames.map((room) => {
    const rows = uniqueByCode(errors.filter((entry) => entry.room === room)).map(({ error }) => {
      const why = error.why === undefined ? "" : `<br>why: ${cell(error.why)}`;
      const next = error.next === undefined ? "" : `<br>next: ${cell(error.next)}`;
      return `| \`${error.code}\` | ${error.kind} | ${cell(error.message)}${why}${next} |`;
    });
    return `## ${room}\n\n| code | kind | text |\n|---|---|---|\n${rows.join("\n")}\n`;
  });
  return `# Errors

Every error that Vial itself makes, by the room it comes from. The code is stable and may be relied on; the text may get
better. Words in capitals stand for what belongs there. The kind decides the exit code (docs of \`vial\` in README.md:
2 for a wrong command line, 75 for "try again", 70 for a bug of ours, 1 for the rest).

This file is generated by \`npm run docs\` from the files \`src/*/error.ts\`; change the texts there.

${parts.join("\n")}`;
}

function uniqueByCode(errors: readonly ListedError[]): ListedError[] {
  const sorted = [...errors].sort((a, b) => (a.error.code < b.error.code ? -1 : 1));
  return sorted.filter((entry, index) => sorted[index - 1]?.error.code !== entry.error.code);
}

function cell(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll("<", "&lt;")
    .replace(/\s*\n\s*/g, " ");
}
