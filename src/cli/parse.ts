import type { Command, Flag } from "./command.ts";
import { absentFlag } from "./docker-flags.ts";
import { flagAbsent, flagUnknown, flagValueInvalid, flagValueMissing, wrongArguments } from "./error.ts";

const truths = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const falsehoods = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** The flags that were given, by long name. A flag that the command does not declare is our bug, and throws. */
export class Flags {
  readonly #declared: ReadonlyMap<string, Flag>;
  readonly #values: ReadonlyMap<string, string | boolean | readonly string[]>;

  constructor(
    declared: ReadonlyMap<string, Flag>,
    values: ReadonlyMap<string, string | boolean | readonly string[]>,
  ) {
    this.#declared = declared;
    this.#values = values;
  }

  #get(name: string, kind: Flag["kind"]): string | boolean | readonly string[] | undefined {
    if (this.#declared.get(name)?.kind !== kind)
      throw new Error(`the command declares no ${kind} flag --${name}`);
    return this.#values.get(name);
  }

  bool(name: string): boolean {
    return this.#get(name, "bool") === true;
  }

  /** Tells `--x=false` (false) from no flag at all (undefined). */
  boolOr<T>(name: string, otherwise: T): boolean | T {
    const value = this.#get(name, "bool");
    return typeof value === "boolean" ? value : otherwise;
  }

  text(name: string): string | undefined {
    return this.#get(name, "string") as string | undefined;
  }

  /** As text(), with nothing for an empty value too: `--name "$NAME"` of a script that has none, as in Docker. */
  filled(name: string): string | undefined {
    return this.text(name) || undefined;
  }

  list(name: string): readonly string[] {
    return (this.#get(name, "list") as readonly string[] | undefined) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}

export interface Parsed {
  readonly flags: Flags;
  readonly args: readonly string[];
}

/** Parses by pflag's grammar: `--name value`, `--name=value`, `-abc`, `-n=value`, `-nvalue`, `--`. */
export function parseCommandLine(command: Command, argv: readonly string[]): Parsed {
  const long = new Map(command.flags.map((flag) => [flag.name, flag]));
  const short = new Map(
    command.flags.flatMap((flag) => (flag.short === undefined ? [] : [[flag.short, flag] as const])),
  );
  const values = new Map<string, string | boolean | string[]>();
  const args: string[] = [];

  const set = (flag: Flag, value: string, shown: string): void => {
    if (flag.kind === "bool") {
      if (!truths.has(value) && !falsehoods.has(value)) throw flagValueInvalid(shown, value, "true or false");
      values.set(flag.name, truths.has(value));
    } else if (flag.kind === "list") {
      const list = values.get(flag.name);
      if (Array.isArray(list)) list.push(value);
      else values.set(flag.name, [value]);
    } else {
      values.set(flag.name, value);
    }
  };
  const impliedValue = (flag: Flag): string | undefined => (flag.kind === "bool" ? "true" : flag.implied);

  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (word === "--") {
      args.push(...argv.slice(index + 1));
      break;
    }
    if (word.length < 2 || word[0] !== "-") {
      args.push(word);
      if (command.interspersed === false) {
        args.push(...argv.slice(index + 1));
        break;
      }
      continue;
    }
    const next = (flag: Flag, shown: string): string => {
      const value = argv[++index];
      if (value === undefined) throw flagValueMissing(shown, flag.value);
      return value;
    };
    if (word[1] === "-") {
      const equals = word.indexOf("=");
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      const flag = long.get(name);
      if (flag === undefined) throw unknown(command, `--${name}`);
      const shown = `--${name}`;
      if (equals >= 0) set(flag, word.slice(equals + 1), shown);
      else set(flag, impliedValue(flag) ?? next(flag, shown), shown);
      continue;
    }
    for (let rest = word.slice(1); rest !== ""; ) {
      const letter = rest[0] ?? "";
      const flag = short.get(letter);
      if (flag === undefined) throw unknown(command, `-${letter}`);
      const shown = `-${letter}, --${flag.name}`;
      rest = rest.slice(1);
      if (rest[0] === "=" && rest.length > 1) {
        set(flag, rest.slice(1), shown);
        break;
      }
      const implied = impliedValue(flag);
      if (implied !== undefined) {
        set(flag, implied, shown);
        continue;
      }
      set(flag, rest === "" ? next(flag, shown) : rest, shown);
      break;
    }
  }
  const [min, max] = command.args;
  if (args.length < min || args.length > max) throw wrongArguments(command, args.length);
  return { flags: new Flags(long, values), args };
}

function unknown(command: Command, flag: string): Error {
  const docker = absentFlag(command.name, flag);
  if (docker !== undefined) return flagAbsent(command.name, flag, docker.why, docker.next);
  return flagUnknown(
    command,
    flag,
    command.flags.map(({ name }) => name),
  );
}
