import { existsSync } from "node:fs";
import { anonymousMount, isVolumeName, type MountWish } from "#engine";
import { splitCsvLine } from "#kit";
import { parseSize } from "#spec";
import { mountInvalid, mountSourceMissing } from "./error.ts";
import {
  absoluteSource,
  absoluteTarget,
  consistencies,
  makeSource,
  readPropagation,
} from "./mount-syntax.ts";

/** Parses `--mount type=TYPE,source=...,target=...`, with every key of Docker's. The source of a bind has to be there. */
export function parseMount(text: string): MountWish {
  const keys = new MountKeys(text);
  const type = keys.take("type") ?? "volume";
  const target = keys.take("target", "destination", "dst");
  const source = keys.take("source", "src");
  const readonly = keys.truth("readonly", "ro");
  const consistency = keys.take("consistency");
  if (target === undefined) throw keys.wrong("it names no target");
  if (consistency !== undefined && !consistencies.includes(consistency))
    throw keys.wrong(`its consistency "${consistency}" is none of ${consistencies.join(", ")}`);
  const common = { keys, source, target: absoluteTarget("--mount", text, target), readonly };
  const wish = readKind(type.toLowerCase(), common);
  keys.refuseRest(type);
  return wish;
}

interface Common {
  readonly keys: MountKeys;
  readonly source: string | undefined;
  readonly target: string;
  readonly readonly: boolean;
}

function readKind(type: string, common: Common): MountWish {
  switch (type) {
    case "volume":
      return readVolume(common);
    case "bind":
      return readBind(common);
    case "tmpfs":
      return readTmpfs(common);
    case "image":
      return readImage(common);
    case "npipe":
    case "cluster":
      throw common.keys.wrong(
        type === "npipe" ? "named pipes are a thing of Windows" : "cluster volumes are a thing of swarms",
      );
    default:
      throw common.keys.wrong(`its type "${type}" is none of volume, bind, tmpfs and image`);
  }
}

function readVolume({ keys, source = "", target, readonly }: Common): MountWish {
  if (source !== "" && !isVolumeName(source))
    throw keys.wrong(`its source "${source}" is no name of a volume; a path of the host is for type=bind`);
  const mount = anonymousMount(target);
  return {
    ...mount,
    name: source,
    anonymous: source === "",
    readonly,
    nocopy: keys.truth("volume-nocopy"),
    subpath: keys.take("volume-subpath") ?? "",
    create: {
      driver: keys.take("volume-driver") ?? "local",
      options: keys.pairs("volume-opt"),
      labels: keys.pairs("volume-label"),
    },
  };
}

function readBind({ keys, source, target, readonly }: Common): MountWish {
  if (source === undefined) throw keys.wrong("a bind needs a source");
  const host = absoluteSource("--mount", keys.text, source);
  const propagation = readPropagation("--mount", keys.text, keys.take("bind-propagation") ?? "rprivate");
  const submounts = keys.take("bind-recursive") ?? "enabled";
  if (!["enabled", "disabled", "writable", "readonly"].includes(submounts))
    throw keys.wrong(`its bind-recursive "${submounts}" is none of enabled, disabled, writable and readonly`);
  if ((submounts === "writable" || submounts === "readonly") && !readonly)
    throw keys.wrong(`bind-recursive=${submounts} is for a mount that is read-only`);
  const nonrecursive = keys.truth("bind-nonrecursive");
  if (keys.truth("bind-create-src", "create-host-path")) makeSource(keys.text, host);
  if (!existsSync(host)) throw mountSourceMissing(keys.text, host);
  return {
    kind: "bind",
    source: host,
    target,
    readonly,
    propagation,
    recursive: submounts !== "disabled" && !nonrecursive,
    ...(submounts === "writable" ? { submountsWritable: true } : {}),
  };
}

function readTmpfs({ keys, source, target, readonly }: Common): MountWish {
  if (source !== undefined) throw keys.wrong("a tmpfs has no source");
  const size = keys.take("tmpfs-size");
  const mode = keys.take("tmpfs-mode") ?? "1777";
  if (!/^[0-7]{1,5}$/.test(mode)) throw keys.wrong(`its tmpfs-mode "${mode}" is no octal number`);
  return {
    kind: "tmpfs",
    target,
    options: [
      ...(size === undefined ? [] : [`size=${parseSize(size)}`]),
      `mode=${mode}`,
      ...(readonly ? ["ro"] : []),
    ],
  };
}

function readImage({ keys, source, target }: Common): MountWish {
  if (source === undefined || source === "") throw keys.wrong("an image mount needs a source");
  return { kind: "image", image: source, target, subpath: keys.take("image-subpath") ?? "" };
}

/** The keys of one `--mount`. What nobody has taken at the end does not belong to its type. */
class MountKeys {
  readonly text: string;
  readonly #values = new Map<string, string[]>();

  constructor(text: string) {
    this.text = text;
    const fields = splitCsvLine(text);
    if (fields === undefined)
      throw this.wrong("a quote in it is not closed, or stands in the middle of a field");
    for (const field of fields) {
      const equals = field.indexOf("=");
      const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
      const value = equals < 0 ? "true" : field.slice(equals + 1);
      if (equals < 0 && !switches.has(key)) throw this.wrong(`its field "${field}" is not KEY=VALUE`);
      const known = this.#values.get(key);
      if (known === undefined) this.#values.set(key, [value]);
      else known.push(value);
    }
  }

  wrong(why: string): Error {
    return mountInvalid("--mount", this.text, why);
  }

  /** Of a key that is given twice, under one name or two, the last one counts. */
  take(...names: readonly string[]): string | undefined {
    let last: string | undefined;
    for (const name of names) {
      last = this.#values.get(name)?.at(-1) ?? last;
      this.#values.delete(name);
    }
    return last;
  }

  truth(...names: readonly string[]): boolean {
    const value = this.take(...names);
    if (value === undefined || value === "false" || value === "0") return false;
    if (value === "true" || value === "1") return true;
    throw this.wrong(`"${value}" is neither true nor false`);
  }

  pairs(name: string): Record<string, string> {
    const values = this.#values.get(name) ?? [];
    this.#values.delete(name);
    return Object.fromEntries(
      values.map((value) => {
        const equals = value.indexOf("=");
        if (equals === 0) throw this.wrong(`its ${name} "${value}" has no name`);
        return equals < 0 ? [value, ""] : [value.slice(0, equals), value.slice(equals + 1)];
      }),
    );
  }

  refuseRest(type: string): void {
    const [key] = this.#values.keys();
    if (key === undefined) return;
    const owner = /^(volume|bind|tmpfs|image)-/.exec(key)?.[1];
    throw this.wrong(
      owner === undefined || owner === type
        ? `it has the unknown key "${key}"`
        : `its key "${key}" is for type=${owner}, and this is type=${type}`,
    );
  }
}

/** The keys that mean "true" when they stand alone. */
const switches = new Set([
  "readonly",
  "ro",
  "volume-nocopy",
  "bind-nonrecursive",
  "bind-create-src",
  "create-host-path",
]);
