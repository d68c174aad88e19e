import { closeSync, readFileSync } from "node:fs";
import { errno, moreOfLibc, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

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

const POLLIN = 1;

/** An open process: signals and waiting go to this very process, whatever becomes of its pid (pidfd_open(2)). */
export class ProcessHandle implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined when the process has ended. */
  static open(mark: ProcessMark): ProcessHandle | undefined {
    const fd = systemCall("pidfd_open", BigInt(mark.pid));
    if (fd < 0) return undefined;
    const handle = new ProcessHandle(fd);
    if (isAlive(mark)) return handle;
    closeSync(fd);
    return undefined;
  }

  /** False when the process has ended. */
  signal(number: number): boolean {
    const result = systemCall("pidfd_send_signal", BigInt(this.#fd), BigInt(number));
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
    return moreOfLibc().poll(pointer(request), 1n, milliseconds) > 0;
  }

  /** Waits for the end without blocking the event loop for long. True when it ended within `milliseconds`. */
  async wait(milliseconds: number): Promise<boolean> {
    return await awaitReadable(this.#fd, milliseconds);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

interface Waiting {
  readonly fd: number;
  readonly deadline: number;
  readonly settle: (ended: boolean) => void;
}

// One poll(2) for everybody who waits in this process, so that two hundred containers end as quickly as one. It blocks
// the thread for slices that grow up to 50 ms, and returns at once when one of the processes ends.
const waiting = new Set<Waiting>();
let isWatching = false;
let isLoopFree = false;

/** For a server: waiting never blocks the thread. An end is then seen up to 10 ms later, 2 ms in the first second. */
export function keepLoopFree(): void {
  isLoopFree = true;
}

function awaitReadable(fd: number, milliseconds: number): Promise<boolean> {
  return new Promise((settle) => {
    waiting.add({ fd, deadline: performance.now() + milliseconds, settle });
    if (!isWatching) void watch();
  });
}

async function watch(): Promise<void> {
  isWatching = true;
  const began = performance.now();
  for (let slice = 1; waiting.size > 0; slice = Math.min(slice * 2, 50)) {
    const now = performance.now();
    const nearest = Math.min(...[...waiting].map(({ deadline }) => deadline));
    const ready = pollReadable(
      [...waiting],
      isLoopFree ? 0 : Math.max(0, Math.min(slice, Math.ceil(nearest - now))),
    );
    for (const entry of ready) {
      waiting.delete(entry);
      entry.settle(true);
    }
    const later = performance.now();
    for (const entry of waiting) {
      if (entry.deadline > later) continue;
      waiting.delete(entry);
      entry.settle(false);
    }
    await Bun.sleep(isLoopFree ? (now - began < 1000 ? 2 : 10) : 0);
  }
  isWatching = false;
}

function pollReadable(entries: readonly Waiting[], milliseconds: number): readonly Waiting[] {
  const request = Buffer.alloc(8 * entries.length);
  for (const [index, { fd }] of entries.entries()) {
    request.writeInt32LE(fd, index * 8);
    request.writeInt16LE(POLLIN, index * 8 + 4);
  }
  if (moreOfLibc().poll(pointer(request), BigInt(entries.length), milliseconds) <= 0) return [];
  return entries.filter((_, index) => request.readInt16LE(index * 8 + 6) !== 0);
}
