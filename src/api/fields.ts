import { badParameter } from "./docker/phrases.ts";

/**
 * The fields of a JSON object that a stranger has sent. Each is read by its type; null and nothing are the same, as for Go.
 * What has another type is refused with its path.
 */
export class Fields {
  readonly #where: string;
  readonly #values: Readonly<Record<string, unknown>>;

  /** `where` is the path of the object, for the sentences: "HostConfig". Empty for the document itself. */
  constructor(value: unknown, where = "") {
    if (value !== undefined && value !== null && (typeof value !== "object" || Array.isArray(value)))
      throw badParameter(`invalid JSON: ${where === "" ? "the body" : where} has to be an object`);
    this.#where = where;
    this.#values = { ...(value as object | null | undefined) };
  }

  get names(): readonly string[] {
    return Object.keys(this.#values);
  }

  /** The path of a field, for sentences. */
  path(name: string): string {
    return this.#where === "" ? name : `${this.#where}.${name}`;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? (this.#values[name] ?? undefined) : undefined;
  }

  /** The text, or undefined when it is empty. */
  text(name: string): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw this.#wrong(name, "a text");
    return value === "" ? undefined : value;
  }

  flag(name: string): boolean | undefined {
    const value = this.raw(name);
    if (value !== undefined && typeof value !== "boolean") throw this.#wrong(name, "true or false");
    return value;
  }

  /** A whole number. */
  number(name: string): number | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw this.#wrong(name, "a whole number");
    return value;
  }

  /** A number other than 0, which is Docker's word for none. */
  amount(name: string): number | undefined {
    return this.number(name) || undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value) || !value.every((entry) => typeof entry === "string"))
      throw this.#wrong(name, "a list of texts");
    return value as string[];
  }

  /** A text alone counts as a list of one: Docker's Cmd and Entrypoint. Undefined when it is not there. */
  words(name: string): readonly string[] | undefined {
    const value = this.raw(name);
    if (typeof value === "string") return value === "" ? [] : [value];
    return value === undefined ? undefined : this.texts(name);
  }

  objects(name: string): readonly Fields[] {
    const value = this.raw(name) ?? [];
    if (!Array.isArray(value)) throw this.#wrong(name, "a list of objects");
    return value.map((entry: unknown, index) => new Fields(entry, `${this.path(name)}[${index}]`));
  }

  object(name: string): Fields {
    return new Fields(this.raw(name), this.path(name));
  }

  /** An object of texts. */
  pairs(name: string): Readonly<Record<string, string>> {
    const fields = this.object(name);
    return Object.fromEntries(fields.names.map((key) => [key, fields.text(key) ?? ""]));
  }

  #wrong(name: string, wanted: string): Error {
    return badParameter(`invalid JSON: ${this.path(name)} has to be ${wanted}`);
  }
}
