// As run.ts beside it, for Apptainer's command lines that start a program, in the namespaces that they need.

import { startAction } from "../apptainer/action.ts";
import type { PersonaName } from "../apptainer/name.ts";

export function start(name: PersonaName, argv: readonly string[]): Promise<number | undefined> {
  return startAction(name, argv);
}
