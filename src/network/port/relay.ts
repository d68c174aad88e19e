import {
  markProcess,
  needProgram,
  processesWith,
  ProcessHandle,
  type ProcessMark,
  socatRelayArgs,
  startInBackground,
} from "#host";
import type { PortEntry } from "./record.ts";
import type { PortTarget } from "./wish.ts";

const SIGTERM = 15;
/** How long a relay may take to end: milliseconds. */
const ending = 500;

/** Starts what listens at a published port; it outlives this process. Throws program-missing. */
export function startRelay(
  owner: string,
  target: PortTarget,
  entry: PortEntry,
  process: number | undefined,
): ProcessMark {
  const bothFamilies = entry.listens === "for both";
  const connect =
    target === "inside"
      ? { inside: process ?? 0, port: entry.containerPort, nsenter: needProgram("nsenter") }
      : { address: target.ipv4 ?? target.ipv6 ?? "", port: entry.containerPort };
  const args = socatRelayArgs({
    protocol: entry.protocol,
    listen: { address: bothFamilies ? "::" : entry.hostAddress, port: entry.hostPort },
    bothFamilies,
    connect,
    mark: markOf(owner),
    // Who enters a namespace needs the rights for it, and is an ordinary user anyway.
    ...(target === "inside" ? {} : { user: "nobody" }),
  });
  const quiet = { stdout: "ignore", stderr: "ignore" } as const;
  const pid = startInBackground([needProgram("socat"), ...args], { PATH: "/usr/bin:/bin" }, quiet);
  return markProcess(pid) ?? { pid, startTime: "" };
}

/** By this word on its command line a relay and its children are known. */
function markOf(owner: string): string {
  return `vial-port-${owner.slice(0, 12)}`;
}

/** Ends relays so that they take no new connections; their children carry the open ones on. */
export function endListening(relays: readonly ProcessMark[]): void {
  for (const relay of relays) {
    using handle = ProcessHandle.open(relay);
    // The port is to be free when this returns.
    if (handle?.signal(SIGTERM) === true) handle.waitBlocking(ending);
  }
}

/** Ends relays and their children: each relay leads a process group. */
export function endRelays(relays: readonly ProcessMark[]): void {
  for (const relay of relays) {
    // While this is open, the number is nobody else's.
    using handle = ProcessHandle.open(relay);
    if (handle !== undefined) signal(-relay.pid);
  }
}

/** Ends every process that ever relayed for a container, also such as no record names. Takes a look at each of the machine. */
export function endEveryRelay(owner: string): void {
  for (const pid of processesWith(`-lp${markOf(owner)}`)) signal(pid);
}

function signal(pid: number): void {
  try {
    process.kill(pid, SIGTERM);
  } catch {
    // It has ended by itself.
  }
}
