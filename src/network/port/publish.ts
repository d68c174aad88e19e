import { writeFileSync } from "node:fs";
import { markProcess, type ProcessMark } from "#host";
import type { PublishedPort } from "../endpoint.ts";
import { type AskRecords, type Claim, claimPort } from "./claim.ts";
import { portUnreachable } from "./error.ts";
import { hostFirewallForbids } from "./firewall.ts";
import { isHeld, isSameDoor, type PortEntry } from "./record.ts";
import { readRecord, recordedOwners, removeRecord, writeRecord } from "./record.ts";
import { endEveryRelay, endListening, endRelays, startRelay } from "./relay.ts";
import { addRedirects, type Redirect, redirectOf, removeRedirects } from "./rules.ts";
import { type PortTarget, type PortWish, publicationsOf } from "./wish.ts";

// A published port is three things: a line in a map of the packet filter, by which most packets go; a relay that listens there,
// so that nobody else has the port, and that carries what the packet filter cannot; and a record, by which any process ends it.

export interface PublishWish {
  /** The id of the container. */
  readonly owner: string;
  /** RUN */
  readonly run: string;
  readonly ports: readonly PortWish[];
  readonly target: PortTarget;
  /** How a container is called that runs, or undefined for one that does not: what it has left is cleared away. */
  readonly nameOf: (owner: string) => string | undefined;
}

/** Ports that are claimed, until their relays listen. */
const claims = new Map<string, Claim[]>();

/**
 * Makes ports of a container reachable, besides those that are already. Call openRelays() when its program has begun: until then
 * this process holds the ports. All or none. Throws what claimPort() throws, port-unreachable, nft-refused.
 */
export function publishPorts(wish: PublishWish): readonly PublishedPort[] {
  const { owner, run, ports, target } = wish;
  if (ports.length === 0) return [];
  if (target !== "inside" && target.ipv4 === undefined && target.ipv6 === undefined)
    throw portUnreachable(owner.slice(0, 12));
  const taken = claimAll(wish);
  const before = readRecord(run, owner);
  try {
    const isOpen =
      target === "inside" ||
      taken.every(({ addresses }) => addresses.every(isLoopback)) ||
      !hostFirewallForbids();
    const entries = taken.flatMap((claim) => entriesOf(claim, target, isOpen));
    writeRecord(run, {
      owner,
      publisher: markProcess(process.pid) ?? { pid: process.pid, startTime: "" },
      target,
      entries: [...(before?.entries ?? []), ...entries],
      retired: before?.retired ?? [],
    });
    lead(
      target,
      entries.flatMap(({ redirects }) => redirects),
    );
    claims.set(owner, [...(claims.get(owner) ?? []), ...taken]);
    return entries.map(publishedPort);
  } catch (error) {
    release(taken);
    if (before === undefined) removeRecord(run, owner);
    else writeRecord(run, before);
    throw error;
  }
}

function lead(target: PortTarget, redirects: readonly Redirect[]): void {
  if (target === "inside" || redirects.length === 0) return;
  addRedirects(target, redirects);
  // After the guard of the bridge is up. Without this the kernel drops what 127.0.0.1 sends there (ip-sysctl).
  if (redirects.some(({ map }) => map.endsWith("4")))
    writeFileSync(`/proc/sys/net/ipv4/conf/${target.bridge}/route_localnet`, "1");
}

/** How long a relay takes to end that nobody needs any more: milliseconds. */
const ending = 50;

function claimAll(wish: PublishWish): Claim[] {
  try {
    return tryAll(wish);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "port-taken" && code !== "port-range-taken") throw error;
    // It may be the relay of a container that was killed together with its monitor.
    const { owner, run, nameOf } = wish;
    if (!sweepPorts(run, (other) => other !== owner && nameOf(other) === undefined)) throw error;
    Bun.sleepSync(ending);
    return tryAll(wish);
  }
}

function tryAll(wish: PublishWish): Claim[] {
  const ask = askRecords(wish);
  const taken: Claim[] = [];
  try {
    for (const publication of publicationsOf(wish.ports)) taken.push(claimPort(publication, ask));
    return taken;
  } catch (error) {
    release(taken);
    throw error;
  }
}

/**
 * Lets the relays of a container's ports listen, in place of this process. Does nothing for one without. `pid`: its process, in whose
 * network the ports of a container without an address are.
 */
export function openRelays(owner: string, run: string, pid?: number): void {
  const taken = claims.get(owner);
  const record = readRecord(run, owner);
  claims.delete(owner);
  if (taken === undefined) return;
  release(taken);
  if (record === undefined || (record.target === "inside" && pid === undefined)) return;
  const entries = record.entries.map((entry) =>
    needsRelay(entry) ? { ...entry, relay: startRelay(record.owner, record.target, entry, pid) } : entry,
  );
  writeRecord(run, { ...record, entries });
}

/** Leaves ports to another process than a relay: from when `start` is called, nobody holds them. */
export function handOver(
  owner: string,
  run: string,
  isMeant: (port: PublishedPort) => boolean,
  start: (ports: readonly PublishedPort[]) => ProcessMark | undefined,
): void {
  const record = readRecord(run, owner);
  const meant = new Set(record?.entries.filter(isMeant));
  for (const { hostPort, addresses, held, publication } of claims.get(owner) ?? [])
    for (const [index, hostAddress] of addresses.entries())
      if (
        [...meant].some((entry) => isSameDoor(entry, { ...publication, hostAddress, hostPort })) &&
        held[index] !== undefined
      )
        held[index][Symbol.dispose]();
  const relay = start([...meant].map(publishedPort));
  if (record === undefined || relay === undefined) return;
  writeRecord(run, {
    ...record,
    entries: record.entries.map((entry) => (meant.has(entry) ? { ...entry, relay } : entry)),
  });
}

function needsRelay(entry: PortEntry): boolean {
  return entry.relay === undefined && entry.listens !== "with IPv4";
}

/** Ends all that is published of a container; nothing happens when there is none. From any process, also after a kill -9. */
export function unpublishPorts(owner: string, run: string): void {
  release(claims.get(owner) ?? []);
  claims.delete(owner);
  const record = readRecord(run, owner);
  if (record === undefined) return;
  removeRedirects(record.entries.flatMap(({ redirects }) => redirects));
  endRelays(relaysOf(record.entries));
  const isCutShort = record.publisher.pid !== process.pid && record.entries.some(needsRelay);
  if (record.retired.length > 0 || isCutShort) endEveryRelay(owner);
  removeRecord(run, owner);
}

/** Ends some of what is published of a container; the connections that are open go on. */
export function unpublishSome(owner: string, run: string, isMeant: (port: PublishedPort) => boolean): void {
  const record = readRecord(run, owner);
  if (record === undefined) return;
  const gone = record.entries.filter(isMeant);
  const relays = relaysOf(gone);
  removeRedirects(gone.flatMap(({ redirects }) => redirects));
  endListening(relays);
  writeRecord(run, {
    ...record,
    entries: record.entries.filter((entry) => !isMeant(entry)),
    retired: [...record.retired, ...relays],
  });
}

/** What is published of a container now. */
export function listPorts(owner: string, run: string): readonly PublishedPort[] {
  return (readRecord(run, owner)?.entries ?? []).map(publishedPort);
}

/** Clears away what is published of containers that are gone. False when there was nothing. */
export function sweepPorts(run: string, isGone: (owner: string) => boolean): boolean {
  const gone = recordedOwners(run).filter(isGone);
  for (const owner of gone) unpublishPorts(owner, run);
  return gone.length > 0;
}

function release(taken: readonly Claim[]): void {
  for (const { held } of taken) for (const each of held) each[Symbol.dispose]();
}

function relaysOf(entries: readonly PortEntry[]): readonly ProcessMark[] {
  return entries.flatMap(({ relay }) => (relay === undefined ? [] : [relay]));
}

function publishedPort({ hostAddress, hostPort, containerPort, protocol }: PortEntry): PublishedPort {
  return { hostAddress, hostPort, containerPort, protocol };
}

function askRecords({ owner, run, nameOf }: PublishWish): AskRecords {
  const others = recordedOwners(run).filter((other) => other !== owner);
  return ({ address, port, protocol }) => {
    for (const other of others) {
      const record = readRecord(run, other);
      const wanted = { hostAddress: address, hostPort: port, containerPort: 0, protocol };
      const entry = record?.entries.find((each) => isSameDoor(each, wanted));
      if (record === undefined || entry === undefined || !isHeld(record, entry)) continue;
      return `the container "${nameOf(other) ?? other.slice(0, 12)}"`;
    }
    return undefined;
  };
}

function entriesOf(claim: Claim, target: PortTarget, isOpen: boolean): readonly PortEntry[] {
  const { publication, hostPort, addresses } = claim;
  const { containerPort, protocol } = publication;
  const isPair = target !== "inside" && addresses.includes("0.0.0.0") && addresses.includes("::");
  return addresses.map((hostAddress) => ({
    hostAddress,
    hostPort,
    containerPort,
    protocol,
    redirects: redirectsOf({ hostAddress, hostPort, containerPort, protocol }, target, isOpen),
    listens: !isPair ? "alone" : hostAddress === "::" ? "with IPv4" : "for both",
  }));
}

function redirectsOf(port: PublishedPort, target: PortTarget, isOpen: boolean): readonly Redirect[] {
  if (target === "inside") return [];
  const isV6 = port.hostAddress.includes(":");
  const address = isV6 ? target.ipv6 : target.ipv4;
  if (address === undefined || port.hostAddress === "::1") return [];
  if (isOpen || isLoopback(port.hostAddress)) return [redirectOf({ ...port, address })];
  // The host's own rules are asked for what comes to the relay; to loopback they have nothing to say.
  return port.hostAddress === "0.0.0.0" ? [redirectOf({ ...port, hostAddress: "127.0.0.1", address })] : [];
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
