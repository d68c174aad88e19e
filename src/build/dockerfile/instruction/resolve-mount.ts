import { nearest } from "#kit";
import { isVialError, parseSize, type SourceRange } from "#spec";
import { mountInvalid } from "../error.ts";
import { mountKeys, mountKinds, type RunMount, type RunMountText, sharingModes } from "./mount.ts";

/** Puts in the variables by `expand` and checks the result. */
export function resolveMount(
  mount: RunMountText,
  expand: (value: string) => string,
  where: SourceRange,
): RunMount {
  const fail = (why: string) => mountInvalid(mount.text, why, where);
  const values = new Map<string, string>();
  for (const { key, value } of mount.fields) {
    if (value === undefined && !["readonly", "readwrite", "required"].includes(key))
      throw fail(`"${key}" has no value`);
    values.set(key, value === undefined ? "true" : key === "from" ? value : expand(value));
  }
  const type = values.get("type")?.toLowerCase() ?? "bind";
  const kind = mountKinds.find((one) => one === type);
  if (kind === undefined) {
    const near = nearest(type, mountKinds);
    throw fail(
      `no mount is of type "${type}"; ${near === undefined ? `there are ${mountKinds.join(", ")}` : `did you mean "${near}"?`}`,
    );
  }
  const alien = [...values.keys()].find((key) => key !== "type" && !mountKeys[kind].includes(key));
  if (alien !== undefined) throw fail(`a mount of type "${kind}" has no "${alien}"`);
  return build(kind, values, fail);
}

type Fail = (why: string) => Error;

function build(kind: RunMount["kind"], values: ReadonlyMap<string, string>, fail: Fail): RunMount {
  const target = values.get("target");
  const id = values.get("id");
  const from = values.get("from");
  const required = readBoolean(values, "required", fail) ?? false;
  const readonly = readReadonly(values, kind === "bind", fail);
  const owned = () => ({
    ...numberOf(values, "mode", 8, fail),
    ...numberOf(values, "uid", 10, fail),
    ...numberOf(values, "gid", 10, fail),
  });
  const needTarget = () => {
    if (target === undefined || target === "") throw fail(`a mount of type "${kind}" needs a "target"`);
    return target;
  };
  switch (kind) {
    case "bind":
      return {
        kind,
        source: values.get("source") ?? "/",
        target: needTarget(),
        readonly,
        ...given({ from }),
      };
    case "cache": {
      const wanted = values.get("sharing")?.toLowerCase() ?? "shared";
      const sharing = sharingModes.find((mode) => mode === wanted);
      if (sharing === undefined) throw fail(`"sharing" is ${sharingModes.join(", ")}, not "${wanted}"`);
      const source = values.get("source") ?? "/";
      return { kind, source, target: needTarget(), readonly, sharing, ...given({ id, from }), ...owned() };
    }
    case "tmpfs":
      return { kind, target: needTarget(), ...sizeOf(values, fail) };
    case "secret": {
      const source = values.get("source");
      if (source !== undefined && id !== undefined) throw fail('"source" and "id" mean the same; give one');
      const name = id ?? source ?? target?.split("/").at(-1) ?? values.get("env");
      if (name === undefined || name === "")
        throw fail('a mount of type "secret" needs an "id" or a "target"');
      return { kind, id: name, required, ...given({ target, env: values.get("env") }), ...owned() };
    }
    case "ssh":
      return { kind, id: id ?? "default", required, ...given({ target }), ...owned() };
    default:
      return kind satisfies never;
  }
}

/** The fields that are there. */
function given<Name extends string>(
  values: Readonly<Record<Name, string | undefined>>,
): { readonly [Key in Name]?: string } {
  const present = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(present) as { [Key in Name]?: string };
}

const truth = ["1", "t", "true", "T", "TRUE", "True"];
const untruth = ["0", "f", "false", "F", "FALSE", "False"];

/** As Go's strconv.ParseBool. */
function readBoolean(values: ReadonlyMap<string, string>, key: string, fail: Fail): boolean | undefined {
  const value = values.get(key);
  if (value === undefined) return undefined;
  if (truth.includes(value)) return true;
  if (untruth.includes(value)) return false;
  throw fail(`"${key}" is true or false, not "${value}"`);
}

function readReadonly(values: ReadonlyMap<string, string>, otherwise: boolean, fail: Fail): boolean {
  // The last one given counts.
  const keys = [...values.keys()].filter((key) => key === "readonly" || key === "readwrite");
  const last = keys.at(-1);
  if (last === undefined) return otherwise;
  return readBoolean(values, last, fail) === (last === "readonly");
}

function numberOf<Name extends "mode" | "uid" | "gid">(
  values: ReadonlyMap<string, string>,
  key: Name,
  base: 8 | 10,
  fail: Fail,
): { readonly [Key in Name]?: number } {
  const value = values.get(key);
  if (value === undefined) return {};
  const number = Number.parseInt(value, base);
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(value) || number > 0xffff_ffff)
    throw fail(`"${key}" is a number${base === 8 ? " of octal digits" : ""}, not "${value}"`);
  return { [key]: number } as { [Key in Name]?: number };
}

function sizeOf(values: ReadonlyMap<string, string>, fail: Fail): { readonly size?: number } {
  const value = values.get("size");
  if (value === undefined) return {};
  try {
    return { size: parseSize(value) };
  } catch (error) {
    if (!isVialError(error)) throw error;
    throw fail(`"size" is a number of bytes such as 64m, not "${value}"`);
  }
}
