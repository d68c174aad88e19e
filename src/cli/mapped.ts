import { openEngine, ownProgram, runningPid } from "#engine";
import { becomeMappedRoot } from "#host";
import type { Command } from "./command.ts";
import type { Parsed } from "./parse.ts";

/** What `Command.mapped` and `Command.meets` ask for. `argv` is the whole command line, for a Vial that starts anew. */
export function becomeMapped(command: Command, parsed: Parsed, argv: readonly string[]): void {
  const { mapped } = command;
  if (mapped === undefined) return;
  becomeMappedRoot(ownProgram(), argv, {
    ids: mapped,
    beside: () => {
      const name = command.meets?.(parsed.flags, parsed.args);
      return name === undefined ? undefined : runningPid(openEngine(), name);
    },
  });
}
