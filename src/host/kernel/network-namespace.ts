import { closeSync, openSync } from "node:fs";
import { checked, libc } from "./libc.ts";
import { systemCall } from "./system-call.ts";

const CLONE_NEWNET = 0x40000000;

/**
 * A network namespace that is held open. The kernel takes one away, with every interface in it, when no process is in it and
 * nobody holds it: a start that dies halfway leaves nothing.
 */
export class NetworkNamespace implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** A new one, in which `act` is done before this thread is back where it was (unshare(2)). */
  static create<T>(act: () => T): { readonly namespace: NetworkNamespace; readonly result: T } {
    return fromHome(() => {
      checked("unshare", libc().unshare(CLONE_NEWNET));
      const namespace = new NetworkNamespace(openSync(here, "r"));
      try {
        return { namespace, result: act() };
      } catch (error) {
        namespace[Symbol.dispose]();
        throw error;
      }
    });
  }

  /** Throws ENOENT, ESRCH when the process is gone. */
  static ofProcess(pid: number): NetworkNamespace {
    return new NetworkNamespace(openSync(`/proc/${pid}/ns/net`, "r"));
  }

  get fd(): number {
    return this.#fd;
  }

  /** For another process while this one lives: a runtime opens it, and nothing has to be mounted for that. */
  get path(): string {
    return `/proc/${process.pid}/fd/${this.#fd}`;
  }

  /** Does `act` inside. It must not wait for anything: what this thread does meanwhile happens there. */
  within<T>(act: () => T): T {
    return fromHome(() => {
      enter(this.#fd);
      return act();
    });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

// Of this thread: the process's own name is that of its first one.
const here = "/proc/thread-self/ns/net";

function fromHome<T>(act: () => T): T {
  const home = openSync(here, "r");
  try {
    return act();
  } finally {
    enter(home);
    closeSync(home);
  }
}

function enter(fd: number): void {
  checked("setns", systemCall("setns", BigInt(fd), BigInt(CLONE_NEWNET)));
}
