import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import {
  addAddress,
  findLink,
  type Link,
  listLinks,
  lockExclusive,
  Netlink,
  newBridge,
  type Place,
  removeLink,
  setAlias,
  switchOn,
} from "#host";
import { addressBytes, parseAddress, parseRange } from "./address.ts";
import { interfaceTaken } from "./error.ts";
import { networkLock } from "./place.ts";
import type { NetworkRecord } from "./record.ts";
import { listRecords } from "./records.ts";
import { hasRules, setRules } from "./rules.ts";

/** What marks an interface as that of a network of ours: its id, and the folder in which that is on record. */
function aliasOf(place: Place, { id }: Pick<NetworkRecord, "id">): string {
  return `vial ${id} ${folderMark(place)}`;
}

/** By its number: in a container with the host's network there may be another one of the same path. */
function folderMark(place: Place): string {
  const { dev, ino } = statSync(place.root);
  return `${dev}:${ino}`;
}

/** Locally administered, and the same each time: the neighbours of an address go on to find it after a reboot. */
function macOf({ id }: Pick<NetworkRecord, "id">): string {
  return `02:42:${id.slice(0, 8).replace(/(..)(?=.)/g, "$1:")}`;
}

function isOwnBridge({ alias }: Link, { id }: NetworkRecord): boolean {
  return alias.startsWith(`vial ${id} `);
}

/** The bridge of a network with its rules: as it is there, or made now, at first use or after a reboot. Gives its index. */
export function raiseBridge(place: Place, network: NetworkRecord, netlink: Netlink): number {
  const there = findLink(netlink, network.interface);
  if (there !== undefined && isOwnBridge(there, network) && hasRules(place)) return there.index;
  using _lock = lockExclusive(networkLock(place));
  return raiseLocked(place, network, netlink);
}

/** raiseBridge() for who has the lock of the networks. */
export function raiseLocked(place: Place, network: NetworkRecord, netlink: Netlink): number {
  if (!hasRules(place)) setRules(place, withNetwork(listRecords(place), network));
  const there = findLink(netlink, network.interface);
  if (there !== undefined && isOwnBridge(there, network)) return there.index;
  // A kill -9 came between the making and the mark, which is the last step.
  if (there !== undefined && there.alias === "" && there.mac === macOf(network))
    netlink.send([removeLink(network.interface)]);
  else if (there !== undefined) throw interfaceTaken(network.interface, network.name);
  return makeBridge(place, network, netlink);
}

export function withNetwork(
  records: readonly NetworkRecord[],
  network: NetworkRecord,
): readonly NetworkRecord[] {
  return [...records.filter(({ id }) => id !== network.id), network];
}

function makeBridge(place: Place, network: NetworkRecord, netlink: Netlink): number {
  const { interface: name, mtu } = network;
  netlink.send([newBridge({ name, mac: macOf(network), mtu })]);
  const index = findLink(netlink, name)?.index ?? 0;
  setParameters(network);
  const addresses = network.subnets.flatMap(({ subnet, gateway }) => {
    const range = parseRange(subnet);
    const address = gateway === undefined ? undefined : parseAddress(gateway);
    return range === undefined || address === undefined
      ? []
      : [addAddress(index, addressBytes(address), range.prefix)];
  });
  netlink.send([...addresses, switchOn(index), setAlias(name, aliasOf(place, network))]);
  return index;
}

function setParameters(network: NetworkRecord): void {
  const ipv6 = `/proc/sys/net/ipv6/conf/${network.interface}`;
  if (existsSync(ipv6)) {
    writeFileSync(`${ipv6}/disable_ipv6`, network.ipv6 ? "0" : "1");
    // A container that calls itself a router would turn the host's traffic to it (CVE-2020-13401).
    writeFileSync(`${ipv6}/accept_ra`, "0");
  }
  if (network.internal) return;
  enable("/proc/sys/net/ipv4/ip_forward");
  if (network.ipv6 && existsSync(ipv6)) forwardIpv6();
}

function enable(path: string): boolean {
  if (readFileSync(path, "latin1").trim() === "1") return false;
  writeFileSync(path, "1");
  return true;
}

/** A host that forwards ignores the routers that tell it its own way out, unless it is told to listen all the same. */
function forwardIpv6(): void {
  const all = "/proc/sys/net/ipv6/conf";
  if (readFileSync(`${all}/all/forwarding`, "latin1").trim() === "1") return;
  for (const name of readdirSync(all)) {
    const file = `${all}/${name}/accept_ra`;
    if (readFileSync(file, "latin1").trim() === "1") writeFileSync(file, "2");
  }
  enable(`${all}/all/forwarding`);
}

/** Takes the interface of a network away, when it is ours. */
export function removeBridge(network: NetworkRecord, netlink: Netlink): void {
  const there = findLink(netlink, network.interface);
  if (there !== undefined && isOwnBridge(there, network)) netlink.send([removeLink(network.interface)]);
}

/** Takes away the bridges of networks of this root that are on record no more: a kill -9 came before the record, or after it. */
export function sweepBridges(place: Place): void {
  using _lock = lockExclusive(networkLock(place));
  using netlink = new Netlink();
  const known = new Set(listRecords(place).map(({ id }) => id));
  const mark = folderMark(place);
  for (const { name, alias } of listLinks(netlink)) {
    const [word, id = "", folder] = alias.split(" ");
    if (word === "vial" && folder === mark && !known.has(id)) netlink.send([removeLink(name)]);
  }
}
