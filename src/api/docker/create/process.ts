import { containerId, type CreateWish, type Engine, type NamespaceWish } from "#engine";
import type { Healthcheck } from "#spec";
import type { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

// What a container's processes may do and are given: capabilities, namespaces, security options, limits of their own.

export function readNamespace(engine: Engine, host: Fields, name: "PidMode" | "IpcMode"): NamespaceWish {
  const text = host.text(name) ?? "";
  // Any container's IPC namespace can be joined here, so that each is shareable.
  if (text === "" || (name === "IpcMode" && (text === "private" || text === "shareable"))) return "private";
  if (text === "host") return "host";
  if (text.startsWith("container:"))
    return { container: containerId(engine, text.slice("container:".length)) };
  throw badParameter(`invalid ${name === "PidMode" ? "PID" : "IPC"} mode: ${text}`);
}

export function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T | undefined {
  const text = fields.text(name);
  const found = allowed.find((entry) => entry === text);
  if (text !== undefined && found === undefined)
    throw badParameter(`invalid ${fields.path(name)}: "${text}" is none of ${allowed.join(", ")}`);
  return found;
}

type Security = Pick<CreateWish, "noNewPrivileges" | "seccomp" | "unmasked">;

/** SecurityOpt, and MaskedPaths and ReadonlyPaths, by whose emptiness the docker command line says systempaths=unconfined. */
export function readSecurity(host: Fields): Security & { readonly warnings: readonly string[] } {
  const wish: { noNewPrivileges?: boolean; seccomp?: string; unmasked?: boolean } = {};
  const warnings: string[] = [];
  for (const text of host.texts("SecurityOpt")) {
    const [, name, value] = /^([a-z-]+)(?:[=:](.*))?$/s.exec(text) ?? [];
    if (name === "no-new-privileges" && ["true", "false", undefined].includes(value))
      wish.noNewPrivileges = value !== "false";
    else if (name === "seccomp" && value !== undefined) wish.seccomp = readSeccomp(value);
    else if (name === "systempaths" && value === "unconfined") wish.unmasked = true;
    else if (name === "label" || name === "apparmor")
      warnings.push(`the security option "${text}" has no effect: Vial uses neither SELinux nor AppArmor`);
    else throw badParameter(`invalid --security-opt: ${JSON.stringify(text)}`);
  }
  const [masked, readonly] = [host.raw("MaskedPaths"), host.raw("ReadonlyPaths")];
  for (const [name, list] of Object.entries({ MaskedPaths: masked, ReadonlyPaths: readonly }))
    if (list !== undefined && host.texts(name).length > 0)
      throw badParameter(`${host.path(name)} is not supported: the paths are Vial's own, or none at all`);
  if ((masked === undefined) !== (readonly === undefined))
    throw badParameter("MaskedPaths and ReadonlyPaths are taken away together, or not at all");
  if (masked !== undefined) wish.unmasked = true;
  return { ...wish, warnings };
}

function readSeccomp(value: string): string {
  if (value === "unconfined") return value;
  if (value === "builtin") return "default";
  try {
    const profile = JSON.parse(value) as { defaultAction?: unknown } | null;
    if (typeof profile?.defaultAction === "string") return value;
  } catch {
    // Said below.
  }
  throw badParameter("invalid seccomp profile: it is no JSON object with a defaultAction");
}

const ulimitNames = new Set(
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
    " ",
  ),
);
const unlimited = Number.MAX_SAFE_INTEGER;

export function readUlimits(host: Fields): NonNullable<CreateWish["ulimits"]> {
  return host.objects("Ulimits").map((limit) => {
    const name = limit.text("Name") ?? "";
    const [soft, hard] = [limit.number("Soft") ?? 0, limit.number("Hard") ?? 0].map((value) =>
      value === -1 ? unlimited : value,
    ) as [number, number];
    if (!ulimitNames.has(name)) throw badParameter(`invalid ulimit type: ${name}`);
    if (soft < 0 || hard < soft)
      throw badParameter(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
    return { name, soft, hard };
  });
}

export function readDevices(host: Fields): NonNullable<CreateWish["devices"]> {
  return host.objects("Devices").map((device) => {
    const source = device.text("PathOnHost") ?? "";
    const target = device.text("PathInContainer") ?? source;
    const access = device.text("CgroupPermissions") ?? "rwm";
    if (!source.startsWith("/") || !target.startsWith("/")) throw badParameter(`invalid device: ${source}`);
    if (!/^[rwm]{1,3}$/.test(access)) throw badParameter(`invalid device mode: ${access}`);
    return { source, target, access };
  });
}

/** Undefined: the image's. Null: none. */
export function readHealth(config: Fields): Healthcheck | null | undefined {
  if (config.raw("Healthcheck") === undefined) return undefined;
  const health = config.object("Healthcheck");
  const test = health.texts("Test");
  if (test[0] === "NONE") return null;
  if (test[0] !== undefined && test[0] !== "CMD" && test[0] !== "CMD-SHELL")
    throw badParameter(`Unknown healthcheck type '${test[0]}' (expected 'CMD')`);
  const times = ["Interval", "Timeout", "StartPeriod", "StartInterval"].flatMap((name) => {
    const value = health.amount(name);
    if (value !== undefined && value < 1e6)
      throw badParameter(`${name} in Healthcheck cannot be less than 1ms`);
    return value === undefined ? [] : [[name, value] as const];
  });
  const retries = health.amount("Retries");
  if (retries !== undefined && retries < 0) throw badParameter("Retries in Healthcheck cannot be negative");
  return {
    ...(test.length === 0 ? {} : { Test: test }),
    ...Object.fromEntries(times),
    ...(retries === undefined ? {} : { Retries: retries }),
  };
}
