import type { Flag } from "./command.ts";

// Makers of flags, for the tables of the commands.

export function boolFlag(name: string, help: string, short?: string): Flag {
  return { name, kind: "bool", help, ...(short === undefined ? {} : { short }) };
}

export function textFlag(name: string, value: string, help: string, short?: string): Flag {
  return { name, kind: "string", value, help, ...(short === undefined ? {} : { short }) };
}

export function listFlag(name: string, value: string, help: string, short?: string): Flag {
  return { name, kind: "list", value, help, ...(short === undefined ? {} : { short }) };
}

/** `--format` of commands that print a list. */
export const listFormatFlag = textFlag(
  "format",
  "template",
  "Print in another form: table (with a header), table TEMPLATE, json,\nor a Go template for each line",
);

/** `--format` of commands that print one thing in full. */
export const inspectFormatFlag = textFlag(
  "format",
  "template",
  "Print in another form: json, or a Go template",
  "f",
);
