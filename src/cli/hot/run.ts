// A verb whose start counts. tool/build.ts makes this file, with all that it imports, into one chunk: thirty chunks take
// 5 ms to load, one takes 2. What is behind a dynamic import stays out of the chunk and throws a ColdPath there instead;
// that happens before anything was done, and start.ts then does the whole command.

import "./warm.ts";
import { command } from "../command/run.ts";
import { startQuickly } from "./start-quickly.ts";

export function start(argv: readonly string[], as?: "docker"): Promise<number | undefined> {
  return startQuickly(command, argv, as);
}
