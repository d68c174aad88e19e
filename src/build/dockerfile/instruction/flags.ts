import { nearest } from "#kit";
import { flagRepeated, flagUnknown, flagValueInvalid, flagValueMissing } from "../error.ts";
import type { Statement } from "../statement.ts";

/** A text, a switch (`--link`, `--link=false`), or a text that may be given several times. */
type FlagKind = "text" | "switch" | "list";

type FlagValues<Kinds extends Readonly<Record<string, FlagKind>>> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends "list"
    ? readonly string[]
    : Kinds[Name] extends "switch"
      ? boolean | undefined
      : string | undefined;
};

/** Reads the flags of a statement; `kinds` are those that its instruction has. */
export function readFlags<const Kinds extends Readonly<Record<string, FlagKind>>>(
  statement: Statement,
  kinds: Kinds,
): FlagValues<Kinds> {
  const where = statement.range;
  const keyword = statement.keyword.toUpperCase();
  const names = Object.keys(kinds);
  const values: Record<string, string | boolean | string[] | undefined> = Object.fromEntries(
    names.filter((name) => kinds[name] === "list").map((name) => [name, []]),
  );
  for (const flag of statement.flags) {
    const equals = flag.indexOf("=");
    const name = flag.slice(2, equals < 0 ? undefined : equals);
    const value = equals < 0 ? undefined : flag.slice(equals + 1);
    if (!names.includes(name)) throw flagUnknown(keyword, name, names, where, nearest(name, names));
    const before = values[name];
    if (kinds[name] === "switch") {
      if (before !== undefined) throw flagRepeated(keyword, name, where);
      values[name] = readSwitch(keyword, name, value, where);
    } else if (value === undefined) throw flagValueMissing(keyword, name, where);
    else if (Array.isArray(before)) before.push(value);
    else if (before !== undefined) throw flagRepeated(keyword, name, where);
    else values[name] = value;
  }
  return values as FlagValues<Kinds>;
}

function readSwitch(
  keyword: string,
  name: string,
  value: string | undefined,
  where: Statement["range"],
): boolean {
  const text = value?.toLowerCase() ?? "true";
  if (text !== "true" && text !== "false")
    throw flagValueInvalid(keyword, name, value ?? "", "it is true or false", where);
  return text === "true";
}

/** The given value if it is one of the known ones. */
export function oneOf<const Choice extends string>(
  statement: Statement,
  name: string,
  value: string | undefined,
  choices: readonly Choice[],
  otherwise: Choice,
): Choice {
  if (value === undefined) return otherwise;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const near = nearest(value, choices);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  throw flagValueInvalid(
    statement.keyword.toUpperCase(),
    name,
    value,
    `it is ${choices.join(", ")}${hint}`,
    statement.range,
  );
}
