import type { MountAttribute } from "#host";
import { printGroup, printPasswd } from "./account-files.ts";
import type { Caller, HpcWish, MountName } from "./wish.ts";

// What is mounted where, in this order, as data. The image lies below all of it.

export type MountStep = (
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly attributes: readonly MountAttribute[];
      /** A folder that is made on the host with this mode when it is missing. */
      readonly make?: number;
    }
  | { readonly kind: "tmpfs"; readonly mode: number }
  | { readonly kind: "proc" | "sysfs" | "mqueue" | "devpts" }
  | { readonly kind: "file"; readonly content: string; readonly mode: number }
  /** In a tmpfs of an earlier step. */
  | { readonly kind: "link"; readonly text: string }
  /** Where the caller stands, unless it can be seen inside already. */
  | { readonly kind: "cwd"; readonly source: string }
) & {
  /** Absolute path inside. */
  readonly target: string;
  /** `default`: one of the profile's own, which is left out where it cannot be had. */
  readonly origin: "asked" | "default";
};

export interface PlanFacts {
  readonly caller: Caller;
  /** The caller's folder on the host. */
  readonly cwd: string;
  /** The image's own files; undefined where it has none. */
  readonly image: { readonly passwd: string | undefined; readonly group: string | undefined };
  /** What the graphics cards need (planGpus). Binds that were asked for win over it. */
  readonly gpus: readonly MountStep[];
}

const safe: readonly MountAttribute[] = ["nosuid", "nodev"];

/** A caller's folder that lies in one of these, or is one of the second, means something else inside. */
const cwdNever = /^\/(proc|sys|dev)(\/|$)|^\/(etc|bin|mnt|usr|var|opt|sbin|lib|lib64)?$/;

export function planMounts(wish: HpcWish, facts: PlanFacts): readonly MountStep[] {
  const { contain, namespaces, workdir } = wish;
  const without = (name: MountName, path: string) =>
    wish.noMount.names.has(name) || wish.noMount.paths.has(path);
  const steps: MountStep[] = [];
  const add = (...more: readonly MountStep[]) => steps.push(...more);
  const host = (path: string, attributes = safe): MountStep => ({
    kind: "bind",
    source: path,
    target: path,
    attributes,
    origin: "default",
  });
  /** An empty folder: in --workdir, or in memory. */
  const empty = (target: string, name: string, mode: number, origin: MountStep["origin"]): MountStep =>
    workdir === undefined
      ? { kind: "tmpfs", target, mode, origin }
      : { kind: "bind", source: `${workdir}/${name}`, target, attributes: safe, make: mode, origin };

  if (!without("proc", "/proc"))
    add(namespaces.has("pid") ? { kind: "proc", target: "/proc", origin: "default" } : host("/proc"));
  if (!without("sys", "/sys"))
    add(namespaces.has("net") ? { kind: "sysfs", target: "/sys", origin: "default" } : host("/sys"));
  if (!without("dev", "/dev")) add(...(contain ? minimalDevices(wish) : [host("/dev", ["nosuid"])]));
  if (!wish.noMount.names.has("tmp")) {
    for (const [path, name] of [
      ["/tmp", "tmp"],
      ["/var/tmp", "var_tmp"],
    ] as const) {
      if (wish.noMount.paths.has(path)) continue;
      add(contain ? empty(path, name, 0o1777, "default") : host(path));
    }
  }
  const home = homeOf(wish, facts.caller);
  // Behind /tmp, for a home may lie in there.
  if (!wish.noHome && !without("home", home.target)) {
    if (contain && wish.home === undefined) add(empty(home.target, "home", 0o700, "default"));
    else
      add({
        kind: "bind",
        source: home.source,
        target: home.target,
        attributes: safe,
        origin: wish.home === undefined ? "default" : "asked",
      });
  }
  for (const path of ["/etc/hosts", "/etc/localtime"]) if (!without("bind-paths", path)) add(host(path));
  if (wish.nameServers.length > 0)
    add({
      kind: "file",
      target: "/etc/resolv.conf",
      content: wish.nameServers.map((address) => `nameserver ${address}\n`).join(""),
      mode: 0o644,
      origin: "asked",
    });
  else if (!wish.noMount.paths.has("/etc/resolv.conf")) add(host("/etc/resolv.conf"));
  add(...accountFiles(wish, facts, home.target));
  if (wish.hostname !== undefined)
    add({
      kind: "file",
      target: "/etc/hostname",
      content: `${wish.hostname}\n`,
      mode: 0o644,
      origin: "default",
    });
  add(...facts.gpus);
  for (const target of wish.scratch) add(empty(target, `scratch${target}`, 0o700, "asked"));
  for (const { source, target, readonly } of wish.binds) {
    const attributes: MountAttribute[] =
      target === "/dev" || target.startsWith("/dev/") ? ["nosuid"] : [...safe];
    if (readonly) attributes.push("readonly");
    add({ kind: "bind", source, target, attributes, origin: "asked" });
  }
  if (!contain && !without("cwd", facts.cwd) && !cwdNever.test(facts.cwd))
    add({ kind: "cwd", source: facts.cwd, target: facts.cwd, origin: "default" });
  return steps;
}

/** The home inside: where it comes from, and where it is seen. */
export function homeOf(wish: HpcWish, caller: Caller): { readonly source: string; readonly target: string } {
  return wish.home ?? { source: caller.homeSource, target: caller.home };
}

function accountFiles(wish: HpcWish, { caller, image }: PlanFacts, home: string): readonly MountStep[] {
  // Root may change the files of a folder that it writes into.
  if (wish.root === "writable" && caller.uid === 0) return [];
  const file = (target: string, content: string): MountStep => ({
    kind: "file",
    target,
    content,
    mode: 0o644,
    origin: "default",
  });
  return [
    ...(image.passwd === undefined ? [] : [file("/etc/passwd", printPasswd(image.passwd, caller, home))]),
    ...(image.group === undefined ? [] : [file("/etc/group", printGroup(image.group, caller))]),
  ];
}

const devices = ["null", "zero", "full", "random", "urandom", "tty"];

/** A /dev with nothing of the machine's hardware. The nodes are the host's: a user namespace can make none. */
function minimalDevices(wish: HpcWish): readonly MountStep[] {
  const node = (name: string): MountStep => ({
    kind: "bind",
    source: `/dev/${name}`,
    target: `/dev/${name}`,
    attributes: ["nosuid"],
    origin: "default",
  });
  const link = (name: string, text: string): MountStep => ({
    kind: "link",
    target: `/dev/${name}`,
    text,
    origin: "default",
  });
  const noPts = wish.noMount.names.has("devpts");
  return [
    { kind: "tmpfs", target: "/dev", mode: 0o755, origin: "default" },
    ...devices.map(node),
    { kind: "tmpfs", target: "/dev/shm", mode: 0o1777, origin: "default" },
    ...(noPts
      ? []
      : [{ kind: "devpts", target: "/dev/pts", origin: "default" } as const, link("ptmx", "pts/ptmx")]),
    ...(wish.namespaces.has("ipc")
      ? [{ kind: "mqueue", target: "/dev/mqueue", origin: "default" } as const]
      : []),
    link("fd", "/proc/self/fd"),
    link("stdin", "/proc/self/fd/0"),
    link("stdout", "/proc/self/fd/1"),
    link("stderr", "/proc/self/fd/2"),
  ];
}
