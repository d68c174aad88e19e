import { closeSync, readFileSync } from "node:fs";
import { errno, libc, pointer, SystemError } from "./libc.ts";

// Processes by pid and start time: a pid alone may have been given to another process since.

/** A process that cannot be mistaken for a later one with the same pid. `startTime` in clock ticks since boot. */
export interface ProcessMark {
  readonly pid: number;
  readonly startTime: string;
}

/** Fields of /proc/PID/stat after the command name, which may hold blanks and brackets (proc(5)). */
function statFields(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

/** The mark of a living process; a zombie is not alive. */
export function markProcess(pid: number): ProcessMark | undefined {
  const fields = statFields(pid);
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, startTime: fields[19] ?? "" };
}

export function isAlive(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.startTime === mark.startTime;
}

const SYS_pidfd_open = 434n;
const SYS_pidfd_send_signal = 424n;
const POLLIN = 1;

/** An open process: signals and waiting go to this very process, whatever becomes of its pid (pidfd_open(2)). */
export class ProcessHandle implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined when the process has ended. */
  static open(mark: ProcessMark): ProcessHandle | undefined {
    const fd = Number(libc().syscall(SYS_pidfd_open, BigInt(mark.pid), 0n, 0n, 0n, 0n));
    if (fd < 0) return undefined;
    const handle = new ProcessHandle(fd);
    if (isAlive(mark)) return handle;
    closeSync(fd);
    return undefined;
  }

  /** False when the process has ended. */
  signal(number: number): boolean {
    const result = Number(
      libc().syscall(SYS_pidfd_send_signal, BigInt(this.#fd), BigInt(number), 0n, 0n, 0n),
    );
    if (result === 0) return true;
    const code = errno();
    if (code === 3) return false;
    throw new SystemError("pidfd_send_signal", code);
  }

  /** Waits up to `milliseconds` for the end, blocking this thread. True when it ended. */
  waitBlocking(milliseconds: number): boolean {
    const request = Buffer.alloc(8);
    request.writeInt32LE(this.#fd, 0);
    request.writeInt16LE(POLLIN, 4);
    return libc().poll(pointer(request), 1n, milliseconds) > 0;
  }

  /** Waits for the end without blocking the event loop. True when it ended within `milliseconds`. */
  async wait(milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds;
    for (let slice = 1; ; slice = Math.min(slice * 2, 50)) {
      const left = deadline - performance.now();
      if (this.waitBlocking(Math.max(0, Math.min(slice, left)))) return true;
      if (left <= 0) return false;
      await Bun.sleep(0);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
