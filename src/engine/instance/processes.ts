import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { InstanceRecord } from "./record.ts";

export interface InstanceProcess {
  readonly pid: number;
  readonly parent: number;
  /** Fields of /proc/PID/stat from the third on (proc(5)). */
  readonly stat: readonly string[];
}

/** The programs of an instance, by their numbers on the host: not its first process, and not what serves its image. */
export function instanceProcesses({ process: { pid: init } }: InstanceRecord): readonly InstanceProcess[] {
  const namespaceOf = (pid: number) => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const own = namespaceOf(init);
  if (own === undefined) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== init && namespaceOf(pid) === own)
    .flatMap((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/stat`, "latin1");
        const stat = text.slice(text.lastIndexOf(")") + 2).split(" ");
        const isServer = text.includes("(squashfuse_ll)");
        return stat[0] === "Z" || isServer ? [] : [{ pid, parent: Number(stat[1]), stat }];
      } catch {
        return [];
      }
    });
}
