// As run.ts beside it, for all verbs of the profile `hpc`, in the namespaces that they need.

import { hpcCommand } from "../hpc/verb.ts";
import { startQuickly } from "./start-quickly.ts";

/** `argv` begins with the verb. */
export function start(argv: readonly string[]): Promise<number | undefined> {
  const [verb = "", ...rest] = argv;
  return startQuickly(hpcCommand(verb as Parameters<typeof hpcCommand>[0]), rest);
}
