import { existsSync } from "node:fs";
import { ProcessHandle, removeCgroups } from "#host";
import { instanceProcesses } from "./processes.ts";
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
