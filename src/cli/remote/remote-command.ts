import type { Flags } from "../parse.ts";
import type { RemoteEngine } from "./engine.ts";

/** A command of Docker's that is carried out by another engine. */
export interface RemoteCommand {
  /** The options that act; any other that is given is refused. "*": all of them. */
  readonly flags: readonly string[] | "*";
  /** Gives the exit code. */
  run(engine: RemoteEngine, flags: Flags, args: readonly string[]): Promise<number>;
}
