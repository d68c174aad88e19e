import { checked, cString, libc, pointer, SystemError } from "./libc.ts";
import { errno } from "./libc.ts";
import { systemCall } from "./system-call.ts";

const PR_CAPBSET_DROP = 24n;
const PR_SET_NO_NEW_PRIVS = 38n;
const PR_CAP_AMBIENT = 47n;
const PR_CAP_AMBIENT_CLEAR_ALL = 4n;
const EINVAL = 22;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;

/** No program that this one becomes gains rights by a setuid bit or file capabilities (prctl(2), PR_SET_NO_NEW_PRIVS). */
export function forbidNewPrivileges(): void {
  checked("prctl no_new_privs", systemCall("prctl", PR_SET_NO_NEW_PRIVS, 1n));
}

/** Gives up every capability of this thread, also those that a later program could have (capabilities(7)). */
export function dropCapabilities(): void {
  checked("prctl ambient", systemCall("prctl", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL));
  for (let capability = 0n; capability < 64n; capability++) {
    if (systemCall("prctl", PR_CAPBSET_DROP, capability) === 0) continue;
    const code = errno();
    // The kernel knows no capability of that number, nor any above.
    if (code === EINVAL) break;
    throw new SystemError("prctl bounding set", code);
  }
  const header = new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]);
  const none = new Uint32Array(6);
  checked("capset", systemCall("capset", BigInt(pointer(header)), BigInt(pointer(none))));
}

/** umask(2): gives the mask that was set before. */
export function setUmask(mask: number): number {
  return systemCall("umask", BigInt(mask));
}

const namespaces = { ipc: 0x08000000, uts: 0x04000000, net: 0x40000000 } as const;

/** Moves this thread, and what it becomes, into new namespaces. Not for users and pids: Bun has threads (unshare(2)). */
export function unshareNamespaces(names: readonly (keyof typeof namespaces)[]): void {
  const flags = names.reduce((sum, name) => sum | namespaces[name], 0);
  if (flags !== 0) checked("unshare", libc().unshare(flags));
}

/** The name of this machine within the UTS namespace. */
export function setHostName(name: string): void {
  const bytes = cString(name);
  checked("sethostname", systemCall("sethostname", BigInt(pointer(bytes)), BigInt(bytes.length - 1)));
}
