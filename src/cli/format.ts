import {
  headerFunctions,
  parseTemplate,
  printTable,
  jsonText,
  type Template,
  TemplateError,
  type TemplateOptions,
} from "#kit";
import { templateUnfit } from "./error.ts";

// What `--format` means, as people script it against Docker: a Go template, `json`, `table`, `table TEMPLATE`.

/** Fields of Docker's documents that hold maps with free keys, so that a missing key is no error. */
const maps = new Set([
  "Annotations",
  "Attributes",
  "Data",
  "DriverOpts",
  "ExposedPorts",
  "Labels",
  "Networks",
  "Options",
  "PortBindings",
  "Ports",
  "StorageOpt",
  "Sysctls",
  "Tmpfs",
  "Volumes",
]);

/** One line of a list. Functions are what templates call as methods: `{{.Label "key"}}`. */
export type Row = Readonly<Record<string, unknown>>;

export interface Listing {
  /** The template behind `table`, fields between tabs: "{{.ID}}\t{{.Size}}". */
  readonly table: string;
  /** The title of each column: ID -> "IMAGE ID". */
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Rows as text, a line each. `format` is what the flag says; undefined is `table`. Throws template-unfit. */
export function printList(listing: Listing, rows: readonly Row[], format: string | undefined): string {
  if (format === "json") return rows.map((row) => `${jsonText(sorted(row))}\n`).join("");
  // As Docker does, because in a shell's single quotes \t stays what it is.
  const text = (format ?? "table").trim().replaceAll("\\t", "\t").replaceAll("\\n", "\n");
  if (text !== "table" && !text.startsWith("table ")) {
    const template = parseFormat(text);
    return rows.map((row) => `${render(template, text, row)}\n`).join("");
  }
  const columns = text === "table" ? listing.table : text.slice("table ".length).trim();
  const template = parseFormat(columns);
  const header = render(template, columns, listing.headers, { functions: headerFunctions });
  return printTable(
    [header, ...rows.map((row) => render(template, columns, row))].flatMap((line) =>
      line.split("\n").map((part) => part.split("\t")),
    ),
  );
}

/** Documents as `inspect` prints them: indented JSON, `json` for one line, or the template for each. */
export function printInspection(documents: readonly object[], format: string | undefined): string {
  if (format === undefined) return `${jsonText(documents, 4)}\n`;
  if (format === "json") return `${jsonText(documents)}\n`;
  const template = parseFormat(format);
  return documents.map((document) => `${render(template, format, document)}\n`).join("");
}

/** One document: as `plain` prints it, as JSON, or by the template. */
export function printDocument<T extends object>(
  document: T,
  format: string | undefined,
  plain: (document: T) => string,
): string {
  if (format === undefined || format === "") return plain(document);
  if (format === "json") return `${jsonText(document)}\n`;
  return `${render(parseFormat(format), format, document)}\n`;
}

function parseFormat(format: string): Template {
  try {
    return parseTemplate(format);
  } catch (error) {
    throw unfit(format, error);
  }
}

function render(
  template: Template,
  format: string,
  value: unknown,
  options: TemplateOptions = { maps },
): string {
  try {
    return template(value, options);
  } catch (error) {
    throw unfit(format, error);
  }
}

function unfit(format: string, error: unknown): unknown {
  return error instanceof TemplateError ? templateUnfit(format, error.message, error.near) : error;
}

/** Docker prints the fields of a row by name. */
function sorted(row: Row): Row {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
