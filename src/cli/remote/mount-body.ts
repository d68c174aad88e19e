import { resolve } from "node:path";
import { parseSize } from "#spec";
import { mountInvalid } from "../error.ts";
import type { Flags } from "../parse.ts";

/** `-v` and `--mount` as the API takes them. Paths of binds are of the other machine; a relative one is made absolute here. */
export function printMounts(flags: Flags): {
  readonly Binds?: readonly string[];
  readonly Mounts?: readonly object[];
} {
  const volumes = flags.list("volume");
  const mounts = flags.list("mount");
  return {
    ...(volumes.length === 0 ? {} : { Binds: volumes.map(printBind) }),
    ...(mounts.length === 0 ? {} : { Mounts: mounts.map(printMount) }),
  };
}

function printBind(text: string): string {
  const colon = text.indexOf(":");
  const source = colon < 0 ? "" : text.slice(0, colon);
  if (!source.startsWith(".") && !source.startsWith("~/")) return text;
  const path = source.startsWith("~/") ? `${process.env.HOME ?? ""}${source.slice(1)}` : resolve(source);
  return `${path}${text.slice(colon)}`;
}

function printMount(text: string): object {
  const fields = new Map(
    text.split(",").map((part) => {
      const equals = part.indexOf("=");
      return equals < 0
        ? ([part, "true"] as const)
        : ([part.slice(0, equals), part.slice(equals + 1)] as const);
    }),
  );
  const take = (...names: readonly string[]): string | undefined => {
    const name = names.find((candidate) => fields.has(candidate));
    const value = name === undefined ? undefined : fields.get(name);
    if (name !== undefined) fields.delete(name);
    return value;
  };
  const type = take("type") ?? "volume";
  const source = take("source", "src");
  const readonly = take("readonly", "ro");
  const [propagation, recursive] = [take("bind-propagation"), take("bind-recursive")];
  const [nocopy, subpath, driver] = [take("volume-nocopy"), take("volume-subpath"), take("volume-driver")];
  const [size, mode] = [take("tmpfs-size"), take("tmpfs-mode")];
  const mount = {
    Type: type,
    Target: take("target", "destination", "dst"),
    ...(source === undefined ? {} : { Source: type === "bind" ? resolve(source) : source }),
    ...(readonly === undefined ? {} : { ReadOnly: readonly === "true" || readonly === "1" }),
    ...(propagation === undefined && recursive === undefined
      ? {}
      : {
          BindOptions: {
            ...(propagation === undefined ? {} : { Propagation: propagation }),
            ...(recursive === "disabled" ? { NonRecursive: true } : {}),
          },
        }),
    ...(nocopy === undefined && subpath === undefined && driver === undefined
      ? {}
      : {
          VolumeOptions: {
            ...(nocopy === undefined ? {} : { NoCopy: nocopy === "true" }),
            ...(subpath === undefined ? {} : { Subpath: subpath }),
            ...(driver === undefined ? {} : { DriverConfig: { Name: driver } }),
          },
        }),
    ...(size === undefined && mode === undefined
      ? {}
      : {
          TmpfsOptions: {
            ...(size === undefined ? {} : { SizeBytes: parseSize(size) }),
            ...(mode === undefined ? {} : { Mode: Number.parseInt(mode, 8) }),
          },
        }),
  };
  const [odd] = fields.keys();
  if (odd !== undefined) throw mountInvalid("--mount", text, `"${odd}" does not go to a remote engine`);
  return mount;
}
