import { readdirSync, readlinkSync } from "node:fs";
import { libc } from "./libc.ts";

const F_SETFD = 2;

/**
 * Lets what this process becomes have the descriptors that it was started with: MPI's launchers and make(1) tell their
 * programs a number (PMI_FD, --jobserver-auth). Bun marks them all close-on-exec when it starts. To be called before
 * anything is opened here: of what is open then, Bun's own are those that have no name.
 */
export function keepInheritedDescriptors(): void {
  // Each bundle of a quick verb has its own variables, and what it cannot do is begun again by another one.
  const mark = Symbol.for("vial.inherited");
  const global = globalThis as { [key: symbol]: boolean | undefined };
  if (global[mark] === true) return;
  global[mark] = true;
  for (const name of readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd > 2 && isInherited(fd)) libc().fcntl(fd, F_SETFD, 0n);
  }
}

function isInherited(fd: number): boolean {
  try {
    const target = readlinkSync(`/proc/self/fd/${fd}`);
    return !target.startsWith("anon_inode:");
  } catch {
    // The one that the folder was read by.
    return false;
  }
}
