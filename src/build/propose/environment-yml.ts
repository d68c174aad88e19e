import { condaUnsupported } from "../error.ts";
import type { Proposal, ReadFile } from "./proposal.ts";

/** `environment.yml` of conda. Debian has no conda to install it with, so there is nothing to propose. */
export function proposeEnvironment(read: ReadFile): Proposal | undefined {
  for (const name of ["environment.yml", "environment.yaml"])
    if (read(name) !== undefined) throw condaUnsupported(name);
  return undefined;
}
