import { capabilityUnknown } from "../error.ts";

// Names by number: include/uapi/linux/capability.h.
const byNumber = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
  "PERFMON",
  "BPF",
  "CHECKPOINT_RESTORE",
].map((name) => `CAP_${name}`);

/** Docker's fourteen. */
export const defaultCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "FSETID",
  "FOWNER",
  "MKNOD",
  "NET_RAW",
  "SETGID",
  "SETUID",
  "SETFCAP",
  "SETPCAP",
  "NET_BIND_SERVICE",
  "SYS_CHROOT",
  "KILL",
  "AUDIT_WRITE",
].map((name) => `CAP_${name}`);

/** The capabilities in a hexadecimal mask as /proc/PID/status prints it. */
export function capabilitiesOfMask(hex: string): readonly string[] {
  const mask = BigInt(`0x${hex}`);
  return byNumber.filter((_, number) => (mask >> BigInt(number)) & 1n);
}

/**
 * The set for a container: the default, plus `add`, minus `drop`; ALL stands for every one. `drop: ALL` goes first, so
 * that ALL dropped and one added leaves that one (Docker's rule). Nothing beyond what this process holds (`held`).
 */
export function chooseCapabilities(wish: {
  readonly add: readonly string[];
  readonly drop: readonly string[];
  readonly privileged: boolean;
  readonly held: readonly string[];
}): readonly string[] {
  const add = wish.add.map(parseCapability);
  const drop = wish.drop.map(parseCapability);
  let set: readonly string[] = wish.privileged || add.includes("ALL") ? byNumber : defaultCapabilities;
  if (drop.includes("ALL")) set = [];
  const chosen = new Set([...set, ...add]);
  for (const name of drop) chosen.delete(name);
  return byNumber.filter((name) => chosen.has(name) && wish.held.includes(name));
}

/** `net_admin`, `NET_ADMIN`, `CAP_NET_ADMIN` and `all`. */
function parseCapability(text: string): string {
  const upper = text.toUpperCase();
  if (upper === "ALL") return "ALL";
  const name = upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
  if (!byNumber.includes(name)) throw capabilityUnknown(text, byNumber);
  return name;
}
