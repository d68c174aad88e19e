import { readFileSync } from "node:fs";

/** What a control group counts. Bytes, nanoseconds, counts. */
export interface Usage {
  readonly cpuNanoseconds: number;
  /** Without the page cache that could be dropped, as Docker counts. */
  readonly memory: number;
  /** The group's limit, or the machine's memory without one. */
  readonly memoryLimit: number;
  /** Undefined: there is no control group that counts. */
  readonly pids: number | undefined;
  readonly blockRead: number;
  readonly blockWritten: number;
  readonly received: number;
  readonly sent: number;
}

/** Reads a file of the group; the controller matters on v1 alone. */
export type CgroupReader = (controller: string, file: string) => string | undefined;

/** The counters of a group by the files of its version (cgroups(7); kernel documentation, cgroup-v1 and cgroup-v2). */
export function readUsage(version: 1 | 2, read: CgroupReader): Omit<Usage, "received" | "sent"> {
  const number = (controller: string, file: string): number => Number(read(controller, file) ?? 0) || 0;
  const optional = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text);
  const field = (text: string | undefined, name: string): number =>
    Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1] ?? 0);
  if (version === 2) {
    const cache = field(read("memory", "memory.stat"), "inactive_file");
    return {
      cpuNanoseconds: field(read("cpu", "cpu.stat"), "usage_usec") * 1000,
      memory: Math.max(0, number("memory", "memory.current") - cache),
      memoryLimit: limitOr(read("memory", "memory.max")),
      pids: optional(read("pids", "pids.current")),
      ...ioOfV2(read("io", "io.stat")),
    };
  }
  const cache = field(read("memory", "memory.stat"), "total_inactive_file");
  return {
    cpuNanoseconds: number("cpuacct", "cpuacct.usage"),
    memory: Math.max(0, number("memory", "memory.usage_in_bytes") - cache),
    memoryLimit: limitOr(read("memory", "memory.limit_in_bytes")),
    pids: optional(read("pids", "pids.current")),
    ...ioOfV1(read("blkio", "blkio.throttle.io_service_bytes")),
  };
}

/** No limit is `max` on v2 and a number near 2^63 on v1. */
function limitOr(text: string | undefined): number {
  const machine =
    Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "latin1"))?.[1] ?? 0) * 1024;
  const limit = Number(text);
  return Number.isFinite(limit) && limit > 0 && limit < machine ? limit : machine;
}

function ioOfV2(text = ""): { readonly blockRead: number; readonly blockWritten: number } {
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`\\b${name}=(\\d+)`, "g"))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return { blockRead: sum("rbytes"), blockWritten: sum("wbytes") };
}

function ioOfV1(text = ""): { readonly blockRead: number; readonly blockWritten: number } {
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(` ${name} (\\d+)`, "g"))].reduce(
      (total, match) => total + Number(match[1]),
      0,
    );
  return { blockRead: sum("Read"), blockWritten: sum("Write") };
}
