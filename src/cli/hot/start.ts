// As run.ts beside it.

import { command } from "../command/start.ts";
import { startQuickly } from "./start-quickly.ts";

export function start(argv: readonly string[], as?: "docker"): Promise<number | undefined> {
  return startQuickly(command, argv, as);
}
