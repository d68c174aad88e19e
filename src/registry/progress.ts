import type { Digest } from "#spec";

/** What happens to one layer or blob. `done` and `total` are compressed bytes. */
export interface LayerProgress {
  readonly kind: "layer";
  /** The first twelve digits of the digest. */
  readonly id: string;
  readonly digest: Digest;
  readonly phase: LayerPhase;
  readonly done: number;
  readonly total: number;
}

/**
 * `waiting`: for its turn, or for another process that works on the same layer. `exists`: nothing is to be done.
 * `mounted`: the registry took it from another repository. The last phase is `exists` or `done`.
 */
export type LayerPhase =
  | "waiting"
  | "downloading"
  | "unpacking"
  | "uploading"
  | "exists"
  | "mounted"
  | "done";

export type TransferProgress =
  | LayerProgress
  /** The name has become a digest; of `layers` layers some may be here already. */
  | { readonly kind: "resolved"; readonly digest: Digest; readonly layers: number }
  /** A connection was lost, and the transfer goes on. */
  | { readonly kind: "retry"; readonly id: string; readonly reason: string }
  /** A mirror did not serve, and the next place is asked. */
  | { readonly kind: "mirror"; readonly host: string; readonly reason: string };

export type Report = (event: TransferProgress) => void;

const interval = 50;

/** Reports on one layer. Of the byte counts of one phase, at most one in 50 ms passes. */
export class LayerReport {
  readonly #report: Report;
  readonly #digest: Digest;
  readonly #total: number;
  #phase: LayerPhase | undefined;
  #last = 0;

  constructor(report: Report, digest: Digest, total: number) {
    this.#report = report;
    this.#digest = digest;
    this.#total = total;
  }

  get id(): string {
    return shortId(this.#digest);
  }

  say(phase: LayerPhase, done = 0): void {
    const now = performance.now();
    if (phase === this.#phase && done < this.#total && now - this.#last < interval) return;
    this.#phase = phase;
    this.#last = now;
    this.#report({ kind: "layer", id: this.id, digest: this.#digest, phase, done, total: this.#total });
  }

  retry(reason: string): void {
    this.#report({ kind: "retry", id: this.id, reason });
  }
}

function shortId(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, 12);
}
