import type { Command } from "../command.ts";
import type { Parsed } from "../parse.ts";
import { remoteCommands } from "./commands.ts";
import type { RemoteEndpoint } from "./endpoint.ts";
import { RemoteEngine } from "./engine.ts";
import { remoteNotYet } from "./error.ts";

/**
 * Carries a command out on another engine and gives the exit code. `name`: Docker's shortest; `typed`: for people. Throws
 * remote-not-yet for a command or an option that does not reach it.
 */
export async function carryOutThere(
  endpoint: RemoteEndpoint,
  command: Command,
  { flags, args }: Parsed,
  { name, typed }: { readonly name: string; readonly typed: string },
): Promise<number> {
  const load = Object.hasOwn(remoteCommands, name) ? remoteCommands[name] : undefined;
  if (load === undefined) throw remoteNotYet(typed, endpoint.host);
  const remote = await load();
  const idle = command.flags.find(
    (flag) => flags.has(flag.name) && remote.flags !== "*" && !remote.flags.includes(flag.name),
  );
  if (idle !== undefined) throw remoteNotYet(`${typed} --${idle.name}`, endpoint.host);
  return await remote.run(new RemoteEngine(endpoint), flags, args);
}
