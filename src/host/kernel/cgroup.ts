import { existsSync, openSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { libc, pointer } from "./libc.ts";
import { mount } from "./mount.ts";

/** How the host lays out its control groups (cgroups(7)). */
export type CgroupMode = "v1" | "v2" | "hybrid" | "none";

const folder = "/sys/fs/cgroup";

export function cgroupMode(): CgroupMode {
  if (existsSync(`${folder}/cgroup.controllers`)) return "v2";
  if (existsSync(`${folder}/unified/cgroup.controllers`)) return "hybrid";
  return existsSync(`${folder}/memory`) || existsSync(`${folder}/pids`) ? "v1" : "none";
}

/**
 * crun before 1.9 refuses a host where a v2 hierarchy with controllers lies beside v1. An empty tmpfs over it, in this
 * process's own mount namespace, makes the host look like plain v1. (Unmounting it instead would leave plain files
 * behind in the folder below.)
 */
export function hideUnifiedHierarchy(): void {
  mount("none", `${folder}/unified`, "tmpfs", 0, "size=0,mode=755");
}

/** The folder of one control group in one hierarchy. On v2 there is one hierarchy. */
export function cgroupFolder(mode: CgroupMode, controller: string, path: string): string {
  return mode === "v2" ? `${folder}${path}` : `${folder}/${controller}${path}`;
}

/** One file of a control group, trimmed, or undefined when it is not there. */
export function readCgroup(
  mode: CgroupMode,
  controller: string,
  path: string,
  file: string,
): string | undefined {
  try {
    return readFileSync(`${cgroupFolder(mode, controller, path)}/${file}`, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** How often the kernel killed a process of this group for memory. */
export function oomKills(mode: CgroupMode, path: string): number {
  const file = mode === "v2" ? "memory.events" : "memory.oom_control";
  const text = readCgroup(mode, "memory", path, file) ?? "";
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Takes away what a runtime that gave up left of a control group. One with processes in it stays. */
export function removeEmptyCgroup(mode: CgroupMode, path: string): void {
  const controllers = mode === "v2" ? [""] : readdirSync(folder);
  for (const controller of controllers) {
    try {
      rmdirSync(cgroupFolder(mode, controller, path));
    } catch {
      // Not there, or in use.
    }
  }
}

/** An aiocb and its text may not change before the write is done. */
let joining: { readonly control: Buffer; readonly text: Buffer } | undefined;

/**
 * Keeps the kernel from making crun wait. Whoever puts a process into a control group sits out 10 to 15 ms, until all
 * processors have passed a safe point, unless somebody did the same moments before (percpu_rwsem over rcu_sync: the next
 * writer within about 10 ms is let through). We move ourselves into the group where we already are, on a thread of
 * libc's (aio(7)), so that the wait passes while the bundle is being made. Call it first, and again every few
 * milliseconds until the runtime is started. Who may not do that, waits as before.
 */
export function warmCgroupLock(): void {
  try {
    joining ??= joinOwnGroup(openSync(ownProcsFile(), "w"));
    const control = pointer(joining.control);
    if (libc().aio_error(control) !== EINPROGRESS) libc().aio_write(control);
  } catch {
    // Not ours to write.
  }
}

const SIGEV_NONE = 1;
const EINPROGRESS = 115;

/** struct aiocb of 64-bit glibc: descriptor at 0, buffer at 16, length at 24, sigev_notify at 44, 168 bytes in all. */
function joinOwnGroup(fd: number) {
  const text = Buffer.from(String(process.pid));
  const control = Buffer.alloc(168);
  control.writeInt32LE(fd, 0);
  control.writeBigUInt64LE(BigInt(pointer(text)), 16);
  control.writeBigUInt64LE(BigInt(text.length), 24);
  control.writeInt32LE(SIGEV_NONE, 44);
  return { control, text };
}

function ownProcsFile(): string {
  const mode = cgroupMode();
  const line = readFileSync("/proc/self/cgroup", "latin1")
    .split("\n")
    .find((entry) => (mode === "v2" ? entry.startsWith("0::") : entry.split(":")[1] === "pids"));
  const path = line?.slice(line.indexOf(":", line.indexOf(":") + 1) + 1) ?? "/";
  return `${cgroupFolder(mode, "pids", path === "/" ? "" : path)}/cgroup.procs`;
}
