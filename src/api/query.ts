/** The query of a request, by Docker's rules. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    this.#values = new URLSearchParams(text);
  }

  /** The first value, or undefined. */
  text(name: string): string | undefined {
    return this.#values.get(name) ?? undefined;
  }

  /** The first value, unless it is empty. */
  filled(name: string): string | undefined {
    return this.text(name) || undefined;
  }

  list(name: string): readonly string[] {
    return this.#values.getAll(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** moby's BoolValue: empty, 0, no, false and none are false, anything else is true. */
  bool(name: string): boolean {
    return !["", "0", "no", "false", "none"].includes((this.text(name) ?? "").trim().toLowerCase());
  }
}
