import { existsSync, writeFileSync } from "node:fs";
import {
  addAddress,
  findLink,
  type Netlink,
  type NetworkNamespace,
  newMacvlan,
  newVeth,
  type Place,
  setBridgePort,
  switchOn,
} from "#host";
import { isVialError } from "#spec";
import { type Address, addressBytes, printAddress } from "./address.ts";
import { raiseBridge } from "./bridge.ts";
import type { Endpoint } from "./endpoint.ts";
import { interfaceMissing, networkSetupFailed } from "./error.ts";
import type { Lease } from "./lease.ts";
import { macvlanMode } from "./options.ts";
import type { NetworkRecord } from "./record.ts";
import { leadOut } from "./way-out.ts";

/** What a container is to be in a network, its addresses taken. */
export interface Joining {
  readonly network: NetworkRecord;
  /** Its interface inside. */
  readonly name: string;
  readonly ipv4: Lease | undefined;
  readonly ipv6: Lease | undefined;
  readonly mac: string | undefined;
  readonly aliases: readonly string[];
  readonly names: readonly string[];
}

/** The host, and the container's namespace with a socket of it. */
export interface Sides {
  readonly host: Netlink;
  readonly inside: Netlink;
  readonly namespace: NetworkNamespace;
}

/**
 * Puts an interface into a container's namespace and joins it to the network. Everything is a request to the kernel: about a
 * millisecond. Throws network-setup-failed and others.
 */
export function joinNetwork(place: Place, at: Sides, joining: Joining): Endpoint {
  try {
    return join(place, at, joining);
  } catch (error) {
    throw isVialError(error) ? error : networkSetupFailed(joining.network.name, error);
  }
}

function join(place: Place, at: Sides, joining: Joining): Endpoint {
  const { network, name } = joining;
  const endpointId = randomHex(32);
  const mac = joining.mac ?? macFor(joining.ipv4?.address, endpointId);
  const hostInterface = network.driver === "bridge" ? `veth${endpointId.slice(0, 8)}` : undefined;
  if (hostInterface === undefined) makeMacvlan(at, joining, mac);
  else {
    const bridge = raiseBridge(place, network, at.host);
    const peer = { name, namespace: at.namespace.fd, mac };
    at.host.send([
      newVeth({ name: hostInterface, bridge, mtu: network.mtu, peer }),
      setBridgePort(hostInterface, { hairpin: true, isolated: network.isolated }),
    ]);
  }
  const routes = settle(at, joining);
  return {
    network: network.name,
    networkId: network.id,
    endpointId,
    interface: name,
    ...(hostInterface === undefined ? {} : { hostInterface }),
    mac,
    ...(joining.ipv4 === undefined
      ? {}
      : { ipv4: printAddress(joining.ipv4.address), ipv4Prefix: joining.ipv4.subnet.prefix }),
    ...(routes.ipv4 === undefined ? {} : { gateway4: printAddress(routes.ipv4) }),
    ...(joining.ipv6 === undefined
      ? {}
      : { ipv6: printAddress(joining.ipv6.address), ipv6Prefix: joining.ipv6.subnet.prefix }),
    ...(routes.ipv6 === undefined ? {} : { gateway6: printAddress(routes.ipv6) }),
    aliases: joining.aliases,
    names: joining.names,
    ...(joining.names.length === 0
      ? {}
      : { nameServers: network.subnets.flatMap(({ gateway }) => gateway ?? []) }),
  };
}

function makeMacvlan(
  at: { readonly host: Netlink; readonly namespace: NetworkNamespace },
  { network, name }: Joining,
  mac: string,
): void {
  const parent = findLink(at.host, network.interface);
  if (parent === undefined) throw interfaceMissing(network.interface, network.name);
  const mode = macvlanMode(network.options);
  at.host.send([
    newMacvlan({ name, parent: parent.index, namespace: at.namespace.fd, mac, mode, mtu: network.mtu }),
  ]);
}

/** Addresses and routes, inside. Gives the routers of the network, which are its ways out. */
function settle(
  at: { readonly inside: Netlink; readonly namespace: NetworkNamespace },
  { network, name, ipv4, ipv6 }: Joining,
): { readonly ipv4: Address | undefined; readonly ipv6: Address | undefined } {
  const index = findLink(at.inside, name)?.index ?? 0;
  at.namespace.within(() => allowIpv6(name, ipv6 !== undefined));
  const leases = [ipv4, ipv6].filter((lease) => lease !== undefined);
  const gateways = network.internal ? [] : leases.flatMap(({ gateway }) => gateway ?? []);
  at.inside.send([
    ...leases.map(({ address, subnet }) => addAddress(index, addressBytes(address), subnet.prefix)),
    switchOn(index),
  ]);
  leadOut(at.inside, index, gateways);
  return {
    ipv4: gateways.find(({ family }) => family === 4),
    ipv6: gateways.find(({ family }) => family === 6),
  };
}

/** Without a subnet of IPv6 an interface would have an address of its own making there, past every rule for the network. */
function allowIpv6(name: string, allowed: boolean): void {
  const file = `/proc/sys/net/ipv6/conf/${name}/disable_ipv6`;
  if (existsSync(file)) writeFileSync(file, allowed ? "0" : "1");
}

/** From the address, so that neighbours who remember the one before go on to be right. */
function macFor(ipv4: Address | undefined, endpointId: string): string {
  const bytes = ipv4 === undefined ? Buffer.from(endpointId.slice(0, 8), "hex") : addressBytes(ipv4);
  return ["02", "42", ...[...bytes].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

function randomHex(bytes: number): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
}
