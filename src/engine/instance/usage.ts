import { readFileSync } from "node:fs";
import type { InstanceRecord } from "./record.ts";
import { instanceProcesses } from "./processes.ts";

/** What the processes of an instance use at a moment, as the kernel counts it for each (proc(5)). */
export interface InstanceUsage {
  readonly cpuMilliseconds: number;
  /** Bytes in memory; what several processes share is counted for each. */
  readonly memory: number;
  /** Bytes from and to disks. */
  readonly read: number;
  readonly written: number;
  readonly processes: number;
}

/** The kernel's clock ticks for user programs, 100 in a second on every Linux (sysconf(3), _SC_CLK_TCK). */
const tickMilliseconds = 10;
const pageBytes = 4096;

export function instanceUsage(record: InstanceRecord): InstanceUsage {
  const processes = instanceProcesses(record);
  const sum = (read: (entry: (typeof processes)[number]) => number) =>
    processes.reduce((total, entry) => total + read(entry), 0);
  return {
    cpuMilliseconds: sum(({ stat }) => (Number(stat[11]) + Number(stat[12])) * tickMilliseconds),
    memory: sum(({ stat }) => Number(stat[21]) * pageBytes),
    read: sum(({ pid }) => counter(pid, "read_bytes")),
    written: sum(({ pid }) => counter(pid, "write_bytes")),
    processes: processes.length,
  };
}

function counter(pid: number, name: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/io`, "latin1");
    return Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
