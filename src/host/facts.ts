import { accessSync, constants, existsSync, readFileSync, rmSync, statfsSync, statSync } from "node:fs";
import { release, userInfo } from "node:os";
import { dirname } from "node:path";
import { lockExclusive } from "./file/lock.ts";
import { type CgroupMode, cgroupMode } from "./kernel/cgroup.ts";
import { SystemError } from "./kernel/libc.ts";
import { makeMount } from "./kernel/mount.ts";
import { findProgram } from "./program/find.ts";
import { type Need, needs } from "./program/needs.ts";
import { run, runSync } from "./run.ts";
import { fileSystemKind, whyNoOverlays } from "./kernel/filesystem-kind.ts";

// What this host offers, as plain data. Looking changes nothing; what it means is judged in the room `engine`.

export type FileSystemSupport = "yes" | "module" | "no";
export type DeviceState = "open" | "closed" | "absent";
/** What was found out, with the kernel's or the program's own words when it was refused. */
export type Trial = { readonly works: true } | { readonly works: false; readonly why: string };

export interface IdRange {
  readonly start: number;
  readonly count: number;
}

export interface ProgramFact {
  readonly need: Need;
  /** Undefined when this machine does not have it. */
  readonly path: string | undefined;
  readonly version: string | undefined;
}

export interface HostFacts {
  readonly kernel: {
    readonly release: string;
    readonly fileSystems: Readonly<Record<"overlay" | "erofs" | "squashfs" | "fuse", FileSystemSupport>>;
    /** Whether erofs mounts a plain file without a loop device (Linux 6.12); undefined when only root could tell. */
    readonly erofsFromFile: boolean | undefined;
    readonly seccomp: boolean;
  };
  readonly userNamespaces: {
    readonly trial: Trial;
    /** The settings that may forbid them; undefined when this kernel has no such setting. */
    readonly settings: Readonly<Record<string, string | undefined>>;
  };
  readonly cgroup: { readonly mode: CgroupMode; readonly controllers: readonly string[] };
  readonly user: {
    readonly uid: number;
    readonly name: string;
    readonly subuid: readonly IdRange[];
    readonly subgid: readonly IdRange[];
  };
  readonly devices: Readonly<Record<string, DeviceState>>;
  /** Undefined when the kernel does not tell (securityfs is not mounted). */
  readonly securityModules: readonly string[] | undefined;
  readonly limits: { readonly openFiles: number; readonly mayRaise: boolean };
  readonly programs: readonly ProgramFact[];
  readonly store: {
    readonly root: string;
    readonly fileSystem: string;
    /** Why an ordinary user can write no overlays there. */
    readonly noOverlays: string | undefined;
    readonly freeBytes: number;
    readonly locks: Trial;
  };
}

/** Looks at this host; `root` is the store's folder, which need not exist yet. About 50 ms, most of it asking programs for versions. */
export async function readHostFacts(root: string): Promise<HostFacts> {
  const name = userName();
  const uid = process.getuid?.() ?? 0;
  return {
    kernel: {
      release: release(),
      fileSystems: {
        overlay: fileSystemSupport("overlay"),
        erofs: fileSystemSupport("erofs"),
        squashfs: fileSystemSupport("squashfs"),
        fuse: fileSystemSupport("fuse"),
      },
      erofsFromFile: uid === 0 ? mountsErofsFromFile() : undefined,
      seccomp: /^Seccomp:/m.test(read("/proc/self/status") ?? ""),
    },
    userNamespaces: { trial: tryUserNamespace(), settings: userNamespaceSettings() },
    cgroup: { mode: cgroupMode(), controllers: controllers(cgroupMode()) },
    user: {
      uid,
      name,
      subuid: parseIdRanges(read("/etc/subuid") ?? "", name, uid),
      subgid: parseIdRanges(read("/etc/subgid") ?? "", name, uid),
    },
    devices: Object.fromEntries(
      ["/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/loop-control"].map((path) => [path, deviceState(path)]),
    ),
    securityModules: read("/sys/kernel/security/lsm")?.trim().split(","),
    limits: {
      openFiles: Number(/^Max open files\s+\S+\s+(\d+)/m.exec(read("/proc/self/limits") ?? "")?.[1] ?? 0),
      mayRaise: hasCapability(capSysResource),
    },
    programs: await Promise.all(needs.map(readProgram)),
    store: readStoreFacts(root),
  };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** A uid without a line in /etc/passwd has no name (containers, directory services that are down). */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0);
  }
}

function fileSystemSupport(name: string): FileSystemSupport {
  const known = (read("/proc/filesystems") ?? "").split("\n").map((line) => line.split("\t")[1]);
  if (known.includes(name)) return "yes";
  const modules = `/lib/modules/${release()}`;
  const lists = `${read(`${modules}/modules.dep`) ?? ""}${read(`${modules}/modules.builtin`) ?? ""}`;
  return new RegExp(`/${name}\\.ko\\b`).test(lists) ? "module" : "no";
}

/** A file that is no erofs image is refused either as no image (EINVAL and others) or as no block device. */
function mountsErofsFromFile(): boolean {
  const blockDeviceRequired = 15;
  const noSuchFileSystem = 19;
  try {
    makeMount("erofs", [
      ["source", "/proc/self/exe"],
      ["ro", null],
    ])[Symbol.dispose]();
    return true;
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    return ![blockDeviceRequired, noSuchFileSystem, 1].includes(error.errno);
  }
}

function tryUserNamespace(): Trial {
  if (findProgram("unshare") === undefined) return { works: false, why: "the program unshare is missing" };
  const result = runSync("unshare", ["--user", "--map-root-user", "true"], { timeout: 5000 });
  return result.exitCode === 0 ? { works: true } : { works: false, why: result.stderr.trim() };
}

function userNamespaceSettings(): HostFacts["userNamespaces"]["settings"] {
  const names = [
    "user.max_user_namespaces",
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
  ];
  return Object.fromEntries(
    names.map((name) => [name, read(`/proc/sys/${name.replaceAll(".", "/")}`)?.trim()]),
  );
}

function controllers(mode: CgroupMode): string[] {
  if (mode === "v2")
    return (read("/sys/fs/cgroup/cgroup.controllers") ?? "").trim().split(" ").filter(Boolean);
  return ["cpu", "cpuset", "memory", "pids", "blkio", "devices", "freezer", "hugetlb"].filter((name) =>
    existsSync(`/sys/fs/cgroup/${name}`),
  );
}

/** The ranges that a line of /etc/subuid or /etc/subgid (subuid(5)) gives to this user, by name or by number. */
export function parseIdRanges(text: string, name: string, uid: number): IdRange[] {
  return text
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([owner]) => owner === name || owner === String(uid))
    .map(([, start, count]) => ({ start: Number(start), count: Number(count) }))
    .filter(({ start, count }) => Number.isInteger(start) && count > 0);
}

function deviceState(path: string): DeviceState {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return "open";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "absent" : "closed";
  }
}

const capSysResource = 24n;

function hasCapability(number: bigint): boolean {
  const mask = /^CapEff:\s+([0-9a-f]+)/m.exec(read("/proc/self/status") ?? "")?.[1] ?? "0";
  return ((BigInt(`0x${mask}`) >> number) & 1n) === 1n;
}

async function readProgram(need: Need): Promise<ProgramFact> {
  const path = findProgram(need.program);
  if (path === undefined || need.versionArgs.length === 0) return { need, path, version: undefined };
  const result = await run(path, need.versionArgs, { timeout: 5000 });
  return { need, path, version: parseVersion(need.program, `${result.stdout}\n${result.stderr}`) };
}

/** The version in what `--version` printed: on the line that names the program, if there is one. */
export function parseVersion(program: string, text: string): string | undefined {
  const lines = text.split("\n").filter((line) => /\d+\.\d+/.test(line));
  const line = lines.find((entry) => entry.toLowerCase().includes(program)) ?? lines[0];
  return line === undefined ? undefined : /\d+\.\d+(?:\.\d+)*[\w+~.-]*/.exec(line)?.[0];
}

function readStoreFacts(root: string): HostFacts["store"] {
  let folder = root;
  while (!existsSync(folder) && folder !== "/") folder = dirname(folder);
  const info = statfsSync(folder);
  const kind = fileSystemKind(folder);
  return {
    root,
    fileSystem: kind.name,
    noOverlays: whyNoOverlays(kind),
    freeBytes: info.bavail * info.bsize,
    locks: tryLocks(folder),
  };
}

/** Takes a lock on a file of its own in the folder, which is how the store's locks are taken. */
function tryLocks(folder: string): Trial {
  const probe = `${folder}/.vial-doctor-${process.pid}`;
  try {
    if (!statSync(folder).isDirectory()) return { works: false, why: `"${folder}" is no folder` };
    lockExclusive(probe)[Symbol.dispose]();
    return { works: true };
  } catch (error) {
    return { works: false, why: (error as Error).message };
  } finally {
    rmSync(probe, { force: true });
  }
}
