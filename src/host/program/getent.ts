import { runSync } from "../run.ts";
import { findProgram } from "./find.ts";

/** The line of a user or group by number, as the host's name service gives it; undefined when it knows none. */
export function lookUpAccount(database: "passwd" | "group", id: number): string | undefined {
  if (findProgram("getent") === undefined) return undefined;
  // A directory server that does not answer must not hold a start up for ever.
  const { exitCode, stdout } = runSync("getent", [database, String(id)], { timeout: 5000 });
  return exitCode === 0 ? stdout : undefined;
}

/** The first address of a host by its name; undefined when the host's name service knows none. */
export function resolveHost(name: string): string | undefined {
  if (findProgram("getent") === undefined || name.startsWith("-")) return undefined;
  const { exitCode, stdout } = runSync("getent", ["ahosts", name], { timeout: 5000 });
  return exitCode === 0 ? stdout.split(/\s/)[0] : undefined;
}
