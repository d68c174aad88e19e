import { isNil, kindOf, printInner } from "./value.ts";

/** Go's fmt.Sprintf for the verbs v s q d t x X o b c e f g, with flags, width and precision. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?([a-zA-Z%]|$)/g,
    (whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === "%") return "%";
      if (verb === "") return "%!(NOVERB)";
      const number = (given: string | undefined) =>
        given === "*" ? Number(args[next++]) : Number(given ?? 0);
      const wide = width === undefined ? 0 : number(width);
      const hasPrecision = /\.(?:\*|\d*)[a-zA-Z]$/.test(whole);
      const digits = hasPrecision ? number(precision) : undefined;
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const body = printVerb(verb, flags, digits, args[next++]);
      return pad(body, Math.abs(wide), wide < 0 ? `${flags}-` : flags);
    },
  );
  if (next >= args.length) return text;
  const extra = args.slice(next).map((arg) => (isNil(arg) ? "<nil>" : `${kindOf(arg)}=${printInner(arg)}`));
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function pad(body: string, width: number, flags: string): string {
  const missing = width - [...body].length;
  if (missing <= 0) return body;
  if (flags.includes("-")) return body + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + body;
  const sign = /^[+-]/.exec(body)?.[0] ?? "";
  return sign + "0".repeat(missing) + body.slice(sign.length);
}

const bases: Readonly<Record<string, number>> = { d: 10, x: 16, X: 16, o: 8, b: 2 };

function printVerb(verb: string, flags: string, digits: number | undefined, value: unknown): string {
  const bad = () => `%!${verb}(${isNil(value) ? "<nil>" : `${kindOf(value)}=${printInner(value)}`})`;
  const plus = (text: string) => (flags.includes("+") && !text.startsWith("-") ? `+${text}` : text);
  if (verb === "v") return typeof value === "number" ? plus(printInner(value)) : printInner(value);
  if (Array.isArray(value)) return `[${value.map((item) => printVerb(verb, flags, digits, item)).join(" ")}]`;
  if (typeof value === "string") {
    const cut = digits === undefined ? value : [...value].slice(0, digits).join("");
    if (verb === "s") return cut;
    if (verb === "q") return quote(cut);
    if (verb === "x" || verb === "X") {
      const hex = Buffer.from(cut).toString("hex");
      return verb === "x" ? hex : hex.toUpperCase();
    }
    return bad();
  }
  if (typeof value === "boolean") return verb === "t" ? String(value) : bad();
  if (typeof value !== "number") return bad();
  const base = bases[verb];
  if (base !== undefined) {
    if (!Number.isInteger(value)) return bad();
    const text = Math.abs(value)
      .toString(base)
      .padStart(digits ?? 0, "0");
    const prefix = flags.includes("#") && base === 16 ? "0x" : "";
    return plus(`${value < 0 ? "-" : ""}${prefix}${verb === "X" ? text.toUpperCase() : text}`);
  }
  if (verb === "c") return String.fromCodePoint(value);
  if (verb === "q") return `'${String.fromCodePoint(value)}'`;
  if (verb === "f" || verb === "F") return plus(value.toFixed(digits ?? 6));
  if (verb === "e") return plus(value.toExponential(digits ?? 6).replace(/e([+-])(\d)$/, "e$10$2"));
  if (verb === "g")
    return plus(digits === undefined ? printInner(value) : String(Number(value.toPrecision(digits))));
  return bad();
}

const quoted: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

/** Go's strconv.Quote. */
export function quote(text: string): string {
  const body = text.replace(
    /[\p{Cc}"\\]/gu,
    (char) => quoted[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `"${body}"`;
}
