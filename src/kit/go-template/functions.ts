import { TemplateError } from "./error.ts";
import { jsonText } from "../visible.ts";
import { sprintf } from "./printf.ts";
import { indexValue, isEqual, isLess, isTrue, kindOf, lengthOf, printInner } from "./value.ts";

export type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** text/template's own functions and those that Docker adds for `--format`. `and` and `or` are in evaluate.ts: they do not evaluate all. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  eq: (first, ...others) => {
    if (others.length === 0) throw new TemplateError("eq needs two values");
    return others.some((other) => isEqual(first, other));
  },
  ne: (a, b) => !isEqual(a, b),
  lt: (a, b) => isLess(a, b),
  le: (a, b) => isLess(a, b) || isEqual(a, b),
  gt: (a, b) => isLess(b, a),
  ge: (a, b) => isLess(b, a) || isEqual(a, b),
  not: (value) => !isTrue(value),
  index: (value, ...keys) => indexValue(value, keys),
  len: (value) => lengthOf(value),
  slice: (value, from = 0, to = lengthOf(value)) => {
    if (typeof value === "string") return Buffer.from(value).subarray(Number(from), Number(to)).toString();
    if (Array.isArray(value)) return value.slice(Number(from), Number(to));
    throw new TemplateError(`a value of type ${kindOf(value)} cannot be sliced`);
  },
  print: (...values) => values.map((value, index) => between(values, index) + printInner(value)).join(""),
  println: (...values) => `${values.map(printInner).join(" ")}\n`,
  printf: (format, ...values) => sprintf(text("printf", format), values),
  urlquery: (...values) => encodeURIComponent(values.map(printInner).join("")).replaceAll("%20", "+"),
  html: (...values) =>
    values
      .map(printInner)
      .join("")
      .replace(/[&<>"']/g, (char) => entities[char] ?? char),
  json: (value) => jsonText(value),
  join: (list, separator) => {
    if (list === null || list === undefined) return "";
    if (!Array.isArray(list))
      throw new TemplateError(`join needs a list, and got a value of type ${kindOf(list)}`);
    return list.map(printInner).join(text("join", separator));
  },
  split: (value, separator) => text("split", value).split(text("split", separator)),
  title: (value) =>
    text("title", value).replace(/(?<![\p{L}\p{Nd}_])\p{L}/gu, (letter) => letter.toUpperCase()),
  lower: (value) => text("lower", value).toLowerCase(),
  upper: (value) => text("upper", value).toUpperCase(),
  pad: (value, before, after) => {
    const body = text("pad", value);
    return body === "" ? "" : " ".repeat(Number(before)) + body + " ".repeat(Number(after));
  },
  truncate: (value, length) => {
    const bytes = Buffer.from(text("truncate", value));
    return bytes.byteLength <= Number(length)
      ? bytes.toString()
      : bytes.subarray(0, Number(length)).toString();
  },
};

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

/** For the header of a table, the template is run on the names of the columns, which no function may change. */
export const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
  ...templateFunctions,
  json: (value) => value,
  join: (value) => value,
  split: (value) => [value],
  title: (value) => value,
  lower: (value) => value,
  upper: (value) => value,
  truncate: (value) => value,
  index: (value) => value,
  slice: (value) => value,
};

function text(name: string, value: unknown): string {
  if (typeof value !== "string")
    throw new TemplateError(`${name} needs a string, and got a value of type ${kindOf(value)}`);
  return value;
}

/** fmt.Sprint puts a space between two values when neither is a string. */
function between(values: readonly unknown[], index: number): string {
  return index > 0 && typeof values[index - 1] !== "string" && typeof values[index] !== "string" ? " " : "";
}
