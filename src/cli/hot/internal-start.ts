// As run.ts beside it.

import "./warm.ts";
import { command } from "../command/internal-start.ts";
import { startQuickly } from "./start-quickly.ts";

export function start(argv: readonly string[]): Promise<number | undefined> {
  return startQuickly(command, argv);
}
