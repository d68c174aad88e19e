import { TemplateError } from "./error.ts";

// How Go sees values: JavaScript's null and undefined are nil, arrays are slices, objects are structs or maps.

export function isNil(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The entries of an object in Go's order of maps: by key. Fields that hold nothing (undefined) and methods are left out. */
export function entriesOf(value: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(value)
    .filter(([, item]) => item !== undefined && typeof item !== "function")
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Go's truth: false, 0, "", nil, and an empty slice or map are false. */
export function isTrue(value: unknown): boolean {
  if (isNil(value)) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return entriesOf(value).length > 0;
  return value !== false && value !== 0 && value !== 0n && value !== "";
}

/** What `{{.X}}` prints: Go's fmt.Print, with `<no value>` for nil. */
export function printValue(value: unknown): string {
  return isNil(value) ? "<no value>" : printInner(value);
}

/** Go's %v. */
export function printInner(value: unknown): string {
  if (isNil(value)) return "<nil>";
  if (typeof value === "string") return value;
  if (typeof value === "number") return printFloat(value);
  if (Array.isArray(value)) return `[${value.map(printInner).join(" ")}]`;
  if (value instanceof Date) return value.toISOString();
  if (isObject(value))
    return `map[${entriesOf(value)
      .map(([key, item]) => `${key}:${printInner(item)}`)
      .join(" ")}]`;
  return String(value);
}

function printFloat(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  // Go writes exponents with at least two digits.
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}

/** The name of Go's kind of a value, for error texts and for `%!d(string=x)`. */
export function kindOf(value: unknown): string {
  if (isNil(value)) return "nil";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (Array.isArray(value)) return "[]interface {}";
  return typeof value === "bigint" ? "int" : "map[string]interface {}";
}

export function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (isObject(value)) return entriesOf(value).length;
  // A nil slice or map of Go has the length 0; JSON tells nil slices from nil pointers by nothing.
  if (isNil(value)) return 0;
  throw new TemplateError(`a value of type ${kindOf(value)} has no length`);
}

/** `index .M "k" 0`: a key that a map does not have gives the zero value, as Go does. */
export function indexValue(value: unknown, keys: readonly unknown[]): unknown {
  let item = value;
  for (const key of keys) {
    if (isNil(item)) return "";
    if (Array.isArray(item) || typeof item === "string") {
      if (typeof key !== "number" || !Number.isInteger(key))
        throw new TemplateError(`a slice cannot be indexed with ${printInner(key)}`);
      const length = lengthOf(item);
      if (key < 0 || key >= length)
        throw new TemplateError(`the index ${key} is out of range, the length is ${length}`);
      item = typeof item === "string" ? Buffer.from(item)[key] : (item as readonly unknown[])[key];
    } else if (isObject(item)) {
      const name = typeof key === "string" ? key : printInner(key);
      item = Object.hasOwn(item, name) ? item[name] : zeroOfItems(item);
    } else throw new TemplateError(`a value of type ${kindOf(item)} cannot be indexed`);
  }
  return item;
}

/** Labels and options hold strings, so their zero value is the empty string; of other maps it is nil. */
function zeroOfItems(map: Readonly<Record<string, unknown>>): unknown {
  return Object.values(map).every((item) => typeof item === "string") ? "" : undefined;
}

export function isEqual(a: unknown, b: unknown): boolean {
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  refuseMixedKinds(a, b);
  if (typeof a === "object") throw new TemplateError(`values of type ${kindOf(a)} cannot be compared`);
  return a === b;
}

export function isLess(a: unknown, b: unknown): boolean {
  refuseMixedKinds(a, b);
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a === "string" && typeof b === "string")
    return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
  throw new TemplateError(`values of type ${kindOf(a)} have no order`);
}

function refuseMixedKinds(a: unknown, b: unknown): void {
  if (typeof a !== typeof b)
    throw new TemplateError(
      `${JSON.stringify(a) ?? "nil"} (${kindOf(a)}) and ${JSON.stringify(b) ?? "nil"} (${kindOf(b)}) cannot be compared`,
    );
}
