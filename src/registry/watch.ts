import type { VialError } from "#spec";
import { interrupted, registryStalled } from "./error.ts";

/** Ends a transfer by the caller's signal, or by silence while we wait. Time that we spend ourselves does not count. */
export class Watch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #stop: () => void;
  #since: number | undefined;
  reason: VialError | undefined;

  constructor(doing: string, host: string, stall: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    const abort = (reason: VialError) => {
      this.reason ??= reason;
      this.#controller.abort(reason);
    };
    this.#stop = () => abort(interrupted(doing));
    this.#timer = setInterval(
      () => {
        if (this.#since !== undefined && performance.now() - this.#since > stall)
          abort(registryStalled(doing, host, Math.round(stall / 100) / 10));
      },
      Math.max(10, stall / 8),
    );
    if (outer?.aborted) this.#stop();
    else outer?.addEventListener("abort", this.#stop, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  wait(): void {
    this.#since = performance.now();
  }

  rest(): void {
    this.#since = undefined;
  }

  alive(): void {
    if (this.#since !== undefined) this.#since = performance.now();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#outer?.removeEventListener("abort", this.#stop);
  }
}

/** Sleeps, or throws transfer-interrupted as soon as the signal says so. */
export async function pause(
  milliseconds: number,
  doing: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(interrupted(doing));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
