// Reading the answers of an engine, which are a stranger's JSON: what is not of the expected kind is empty.

export type Document = Readonly<Record<string, unknown>>;

export function documentOf(value: unknown): Document {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Document) : {};
}

export function documentsOf(value: unknown): readonly Document[] {
  return Array.isArray(value) ? value.map(documentOf) : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

export function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

export function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

export function shorten(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join("")}…`;
}

/** "sha256:" off, and twelve digits. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
