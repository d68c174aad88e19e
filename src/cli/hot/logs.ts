// As run.ts beside it.

import { command } from "../command/logs.ts";
import { startQuickly } from "./start-quickly.ts";

export function start(argv: readonly string[]): Promise<number | undefined> {
  return startQuickly(command, argv);
}
