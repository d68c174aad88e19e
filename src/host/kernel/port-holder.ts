import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A program that has a port. */
export interface PortHolder {
  readonly pid: number;
  readonly name: string;
}

const TCP_LISTEN = "0A";

/** The program that has a port of this machine, as far as this user may see it (proc(5), /proc/net/tcp, /proc/PID/fd). */
export function portHolder(protocol: "tcp" | "udp", port: number): PortHolder | undefined {
  const inodes = new Set(
    ["", "6"].flatMap((family) => inodesOf(read(`/proc/net/${protocol}${family}`), protocol, port)),
  );
  if (inodes.size === 0) return undefined;
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid) || !hasSocket(pid, inodes)) continue;
    return { pid: Number(pid), name: read(`/proc/${pid}/comm`).trim() };
  }
  return undefined;
}

/** The sockets at a port in a table of the kernel; of TCP those that listen. */
export function inodesOf(table: string, protocol: "tcp" | "udp", port: number): readonly string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, local = "", , state, , , , , , inode = "0"] = line.trim().split(/\s+/);
      const isThere = local.endsWith(`:${hex}`) && (protocol === "udp" || state === TCP_LISTEN);
      return isThere && inode !== "0" ? [inode] : [];
    });
}

function hasSocket(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const target = readLink(`/proc/${pid}/fd/${fd}`);
      return target.startsWith("socket:[") && inodes.has(target.slice(8, -1));
    });
  } catch {
    // Another user's, or it has ended.
    return false;
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
