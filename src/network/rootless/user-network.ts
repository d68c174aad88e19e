import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  findProgram,
  makeNamedNetwork,
  markProcess,
  ProcessHandle,
  type ProcessMark,
  startPasta,
  startSlirp,
  unmountLazily,
  type UserAddresses,
} from "#host";
import type { Endpoint, PublishedPort } from "../endpoint.ts";
import { handOver } from "../port/publish.ts";
import { userNetworkFailed } from "./error.ts";

// The network of an ordinary user's container: a process of the user's stands for the host's interface, and makes what comes
// out of the container into connections of its own.

type Way = "pasta" | "slirp4netns";

const addresses: UserAddresses = {
  interface: "eth0",
  address: "10.0.2.100",
  prefix: 24,
  gateway: "10.0.2.2",
  nameServer: "10.0.2.3",
};

const SIGTERM = 15;

/** The programs that can do it here, the best one first, or why there is none. */
export function userNetworkWays(): { readonly ways: readonly Way[]; readonly why: string } {
  const ways = (["pasta", "slirp4netns"] as const).filter((name) => findProgram(name) !== undefined);
  if (ways.length === 0) return { ways, why: "neither pasta nor slirp4netns is installed" };
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
    return { ways, why: "" };
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    return { ways: [], why: `this user may not open /dev/net/tun (${code})` };
  }
}

export interface UserNetworkWish {
  /** Of the container, below RUN. */
  readonly bundle: string;
  readonly owner: string;
  readonly run: string;
}

export interface UserNetwork extends Disposable {
  /** A network namespace, for as long as this is held. */
  readonly path: string;
  readonly endpoint: Endpoint;
}

function namespaceFile(bundle: string): string {
  return `${bundle}/netns`;
}

/**
 * Makes a network namespace with a way to the network, and leads those of the owner's ports into it that the program can lead. Throws
 * user-network-failed.
 */
export function openUserNetwork(wish: UserNetworkWish, ways: readonly Way[]): UserNetwork {
  const path = namespaceFile(wish.bundle);
  writeFileSync(path, "");
  try {
    makeNamedNetwork(path);
    openFirst(wish, path, ways);
  } catch (error) {
    dropNamespace(path);
    throw error;
  }
  return { path, endpoint, [Symbol.dispose]: () => dropNamespace(path) };
}

/** Who is in it, or has it open, keeps it. */
function dropNamespace(path: string): void {
  unmountLazily(path);
  rmSync(path, { force: true });
}

const endpoint: Endpoint = {
  network: "bridge",
  networkId: "",
  endpointId: "",
  interface: addresses.interface,
  mac: "",
  ipv4: addresses.address,
  ipv4Prefix: addresses.prefix,
  gateway4: addresses.gateway,
  aliases: [],
  names: [],
  nameServers: [addresses.nameServer],
};

function openFirst(wish: UserNetworkWish, file: string, ways: readonly Way[]): void {
  const failures: string[] = [];
  for (const way of ways) {
    const said = way === "pasta" ? tryPasta(wish, file) : trySlirp(wish, file);
    if (said === undefined) return;
    failures.push(said);
  }
  throw userNetworkFailed(failures.join("; "));
}

function pidFile(bundle: string): string {
  return `${bundle}/user-network.pid`;
}

function tryPasta({ bundle, owner, run }: UserNetworkWish, namespace: string): string | undefined {
  let said: string | undefined;
  handOver(owner, run, firstOfNumber(), (ports) => {
    said = startPasta({ namespace, pidFile: pidFile(bundle), inside: addresses, ports });
    return said === undefined ? readMark(bundle) : undefined;
  });
  return said === undefined ? undefined : `pasta: ${said}`;
}

/** What pasta leads: IPv4, each number once. UDP from loopback gets no answer with it. */
function firstOfNumber(): (port: PublishedPort) => boolean {
  const seen = new Set<string>();
  return ({ hostAddress, hostPort, protocol }) => {
    const number = `${protocol} ${hostPort}`;
    if (hostAddress.includes(":") || seen.has(number)) return false;
    if (protocol === "udp" && hostAddress.startsWith("127.")) return false;
    seen.add(number);
    return true;
  };
}

function trySlirp({ bundle }: UserNetworkWish, namespace: string): string | undefined {
  const pid = startSlirp({ namespace, interface: addresses.interface });
  if (pid === undefined) return "slirp4netns: it ended before it was ready";
  writeFileSync(pidFile(bundle), `${pid}\n`);
  return undefined;
}

function readMark(bundle: string): ProcessMark | undefined {
  try {
    return markProcess(Number(readFileSync(pidFile(bundle), "utf8")));
  } catch {
    return undefined;
  }
}

/** Ends the process that stands for the host. Nothing happens when there is none. */
export function closeUserNetwork(bundle: string): void {
  // Left by a kill -9, it would keep the bundle from being removed.
  unmountLazily(namespaceFile(bundle));
  const mark = readMark(bundle);
  if (mark === undefined || !isOurs(mark.pid, bundle)) return;
  using handle = ProcessHandle.open(mark);
  handle?.signal(SIGTERM);
}

/** The pid may have been given to another since. */
function isOurs(pid: number, bundle: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(namespaceFile(bundle));
  } catch {
    return false;
  }
}
