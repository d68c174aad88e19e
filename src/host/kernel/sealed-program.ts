import { closeSync, openSync } from "node:fs";
import { checked, cString, libc, pointer } from "./libc.ts";

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const allSeals = 0xfn;

const sealed = new Map<string, string>();

/**
 * A copy of a program in memory that nobody can change any more, and the path by which this process and its children
 * start it. crun and runc make such a copy of themselves and start over from it, so that a container cannot overwrite
 * them through /proc/self/exe (CVE-2019-5736); when they find that they run from one already they save that second
 * start, a fifth of `crun exec`. Gives the path of the program itself where the kernel allows no such copy.
 */
export function sealProgram(program: string): string {
  const known = sealed.get(program);
  if (known !== undefined) return known;
  const path = tryToSeal(program) ?? program;
  sealed.set(program, path);
  return path;
}

function tryToSeal(program: string): string | undefined {
  const c = libc();
  const name = cString(program.slice(program.lastIndexOf("/") + 1));
  const copy = c.memfd_create(pointer(name), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (copy < 0) return undefined;
  const source = openSync(program, "r");
  try {
    for (let count = 1; count > 0; )
      count = checked("sendfile", Number(c.sendfile(copy, source, null, 1n << 30n)));
    checked("fcntl", c.fcntl(copy, F_ADD_SEALS, allSeals));
    return `/proc/${process.pid}/fd/${copy}`;
  } catch {
    closeSync(copy);
    return undefined;
  } finally {
    closeSync(source);
  }
}
