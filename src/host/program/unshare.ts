import { programFailed } from "../error.ts";
import { runSync } from "../run.ts";

/**
 * Makes a network namespace that is mounted at a file, for who cannot make one in this process: without rights on the host's own,
 * nobody gets back into it (setns(2)). unshare(1) of util-linux.
 */
export function makeNamedNetwork(file: string): void {
  const result = runSync("unshare", [`--net=${file}`, "--", "true"]);
  if (result.exitCode !== 0) throw programFailed("make a network namespace", "unshare", result);
}
