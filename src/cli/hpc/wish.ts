import {
  type Action,
  absolutePath,
  type HpcWish,
  insidePath,
  isVariableName,
  type MountName,
  mountNames,
  mountNameUnknown,
  type OverlayWish,
  parseBinds,
  parseMountWish,
  readEnvironmentVariables,
  splitSettings,
  unpackPlace,
} from "#engine";
import { readDns, readFile } from "../container-wish.ts";
import { optionInvalid, optionsConflict, optionUnsupported } from "../error.ts";
import type { Flags } from "../parse.ts";
import { limitFlags } from "./flags.ts";
import { variableOf } from "./form.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the flags of the profile `hpc`, and the variables that stand for them. Each acts or is refused with a reason. */
export async function readHpcWish(
  given: Flags,
  action: Action,
  place: { readonly env: Env; readonly cwd: string; readonly home: string },
  warn: (sentence: string) => void,
): Promise<HpcWish> {
  const flags = withVariables(given, place.env);
  refuseUnsupported(flags);
  const { cwd } = place;
  const limits = await limitsOf(flags, cwd);
  const compat = flags.bool("compat");
  const containall = flags.bool("containall") || compat;
  const contain = flags.bool("contain") || containall;
  const hostname = flags.text("hostname");
  const workdir = flags.text("workdir");
  const inside = flags.text("cwd") ?? flags.text("pwd");
  return {
    action,
    binds: readBinds(flags, place.env, cwd),
    scratch: flags
      .list("scratch")
      .flatMap((text) => text.split(","))
      .map((text) => insidePath("--scratch", text, text.startsWith("/") ? text : `/${text}`)),
    home: readHome(flags.text("home"), cwd, place.home),
    noHome: flags.bool("no-home"),
    cwd: inside,
    workdir: workdir === undefined ? undefined : absolutePath(workdir, cwd),
    contain,
    noMount: readNoMount(flags.list("no-mount")),
    root: readRoot(flags, compat),
    overlays: flags
      .list("overlay")
      .flatMap((text) => text.split(","))
      .map((text) => readOverlay(text, cwd)),
    namespaces: new Set([
      ...(flags.bool("ipc") || containall ? (["ipc"] as const) : []),
      ...(flags.bool("net") || flags.text("network") === "none" ? (["net"] as const) : []),
      ...(flags.bool("pid") || (containall && !flags.bool("no-pid")) ? (["pid"] as const) : []),
      ...(flags.bool("uts") || hostname !== undefined ? (["uts"] as const) : []),
    ]),
    hostname,
    gpus: (
      [
        ["nv", "nvidia"],
        ["rocm", "amd"],
      ] as const
    )
      .filter(([name]) => flags.bool(name))
      .map(([name, maker]) => ({ maker, origin: given.has(name) ? "asked" : "default" })),
    nameServers: readDns(
      flags
        .list("dns")
        .flatMap((text) => text.split(","))
        .filter((text) => text !== ""),
    ),
    unpack: () => unpackPlace(place.env, place.home, flags.text("tmpdir"), place.cwd),
    umask: flags.bool("no-umask") || compat ? 0o022 : undefined,
    noPrivileges: flags.bool("no-privs"),
    app: flags.text("app"),
    environment: readEnvironment(flags, place.env, containall, warn),
    limits,
  };
}

/** The flags, with those that were not given taken from the host's variables. */
interface WishFlags {
  bool(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

/** Names of variables that are read by their own rules, or are no wish. */
const notByVariable = new Set(["bind", "mount", "env", "profile"]);

function withVariables(flags: Flags, env: Env): WishFlags {
  const variable = (name: string) =>
    (notByVariable.has(name) ? undefined : variableOf(name, env)) || undefined;
  return {
    bool: (name) => flags.boolOr(name, /^(1|t|true|yes)$/i.test(variable(name) ?? "")),
    text: (name) => flags.filled(name) ?? variable(name),
    list: (name) => {
      const list = flags.list(name);
      const text = variable(name);
      return list.length > 0 || text === undefined ? list : [text];
    },
  };
}

/** What reads limits is not loaded for starts without any. */
async function limitsOf(flags: WishFlags, cwd: string): Promise<HpcWish["limits"]> {
  const isAsked = limitFlags.some(({ name, kind }) => {
    if (kind === "bool") return flags.bool(name);
    return kind === "list" ? flags.list(name).length > 0 : flags.text(name) !== undefined;
  });
  return isAsked ? (await import("./limits.ts")).readLimits(flags, cwd) : undefined;
}

function refuseUnsupported(flags: WishFlags): void {
  const network = flags.text("network");
  if (network !== undefined && network !== "none")
    throw optionUnsupported(
      "--network",
      network,
      "the profile hpc has the host's network, or none",
      "--network none",
    );
}

function readBinds(flags: WishFlags, env: Env, cwd: string): HpcWish["binds"] {
  // Those of the variables come first, so that a flag wins at the same path.
  const variables = [
    ...["APPTAINER_BINDPATH", "SINGULARITY_BINDPATH", "APPTAINER_BIND", "SINGULARITY_BIND"],
  ].flatMap((name) => parseBinds(env[name] ?? "", cwd));
  const mounts = (env.APPTAINER_MOUNT ?? env.SINGULARITY_MOUNT ?? "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  return [
    ...variables,
    ...mounts.map((line) => parseMountWish(line, cwd)),
    ...flags.list("bind").flatMap((text) => parseBinds(text, cwd)),
    ...flags.list("mount").map((text) => parseMountWish(text, cwd)),
  ];
}

function readHome(text: string | undefined, cwd: string, home: string): HpcWish["home"] {
  if (text === undefined) return undefined;
  const [source = "", target, ...more] = text.split(":");
  if (source === "" || more.length > 0)
    throw optionInvalid("--home", text, "it is SOURCE or SOURCE:TARGET", "--home /data/me:/home/me");
  // Apptainer shows a folder at the same path; only where that is the caller's home is nothing else said.
  const host = absolutePath(source, cwd);
  return { source: host, target: insidePath("--home", text, target ?? (host === home ? home : host)) };
}

function readNoMount(texts: readonly string[]): HpcWish["noMount"] {
  const names = new Set<MountName>();
  const paths = new Set<string>();
  for (const text of texts.flatMap((entry) => entry.split(","))) {
    const name = mountNames.find((entry) => entry === text);
    if (text.startsWith("/")) paths.add(absolutePath(text, "/"));
    else if (name === undefined) throw mountNameUnknown(text, mountNames);
    else names.add(name);
  }
  return { names, paths };
}

function readRoot(flags: WishFlags, compat: boolean): HpcWish["root"] {
  const writable = flags.bool("writable");
  const inMemory = flags.bool("writable-tmpfs");
  if (writable && (inMemory || flags.list("overlay").length > 0))
    throw optionsConflict(
      "--writable",
      inMemory ? "--writable-tmpfs" : "--overlay",
      "one writes into the image, the other beside it",
    );
  return writable ? "writable" : inMemory || compat ? "writable-tmpfs" : "read-only";
}

function readOverlay(text: string, cwd: string): OverlayWish {
  const readonly = text.endsWith(":ro");
  return { folder: absolutePath(text.replace(/:r[ow]$/, ""), cwd), readonly };
}

function readEnvironment(
  flags: WishFlags,
  env: Env,
  containall: boolean,
  warn: (sentence: string) => void,
): HpcWish["environment"] {
  const variables = readEnvironmentVariables(env);
  for (const sentence of variables.warnings) warn(sentence);
  const asked = flags.list("env").flatMap(splitSettings);
  const set = [...variables.set, ...asked].filter(([name]) => !/^(PRE|AP)PEND_PATH$/.test(name));
  const last = (name: string) => asked.findLast(([key]) => key === name)?.[1];
  return {
    clean: flags.bool("cleanenv") || containall,
    without: flags
      .list("no-env")
      .flatMap((text) => text.split(","))
      .filter(isVariableName),
    set,
    files: flags.list("env-file").map((path) => readFile("--env-file", path)),
    prependPath: last("PREPEND_PATH") ?? variables.prependPath,
    appendPath: last("APPEND_PATH") ?? variables.appendPath,
  };
}
