import type { Report } from "#registry";
import type { Warn } from "../layers.ts";

/** How an image is moved, whatever it is. */
export interface TransferSettings {
  readonly report: Report;
  readonly warn: Warn;
  readonly signal: AbortSignal;
  /** `--no-https`: registries are spoken to as the settings allow it with `insecure = true`. */
  readonly insecure?: boolean;
}
