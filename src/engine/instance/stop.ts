import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { ProcessHandle, removeCgroups } from "#host";
import { forgetInstance, type InstanceRecord } from "./record.ts";

const SIGKILL = 9;
const pauseMilliseconds = 50;

export interface InstanceStop {
  /** Number of the signal that asks the programs to end. */
  readonly signal: number;
  /** How long they have before they are killed. */
  readonly milliseconds: number;
}

/**
 * Ends an instance: asks what was started in it to end, waits, then kills the rest. What its programs have started is left
 * to them to end, as init(1) leaves it, until it is nobody's child any more.
 */
export async function stopInstance(record: InstanceRecord, wish: InstanceStop): Promise<void> {
  using init = ProcessHandle.open(record.process);
  if (init !== undefined) {
    const told = new Set<number>();
    const deadline = performance.now() + wish.milliseconds;
    for (;;) {
      const children = instanceProcesses(record).filter(({ parent }) => parent === record.process.pid);
      if (children.length === 0) break;
      for (const { pid } of children)
        if (!told.has(pid)) {
          told.add(pid);
          tell(pid, wish.signal);
        }
      if (performance.now() >= deadline) break;
      await Bun.sleep(pauseMilliseconds);
    }
    // With process 1 the kernel kills all others of its namespace (pid_namespaces(7)).
    init.signal(SIGKILL);
    await init.wait(10_000);
  }
  await clearCgroups(record.cgroups);
  forgetInstance(record.name);
}

/** A process that has been killed leaves its group a moment later. */
async function clearCgroups(folders: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    removeCgroups(folders);
    if (!folders.some((folder) => existsSync(folder))) return;
    await Bun.sleep(pauseMilliseconds);
  }
}

function tell(pid: number, signal: number): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Gone meanwhile.
  }
}

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
