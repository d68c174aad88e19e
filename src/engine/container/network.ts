import { inUserNamespace, Netlink, NetworkNamespace, switchOn } from "#host";
import {
  type Claimant,
  closeUserNetwork,
  defaultName,
  defaultNetwork,
  type Endpoint,
  findRecord,
  giveBack,
  type Joining,
  joinNetwork,
  lease,
  type NetworkRecord,
  printAddress,
  setNames,
} from "#network";
import type { ContainerSpec, EndpointWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordNetworkEvent } from "../events.ts";
import type { ContainerFolder } from "./folder.ts";
import { tellLinkers } from "./links.ts";
import { readNetwork, writeNetwork } from "./network-record.ts";
import { closeContainerPorts, isUp, portWishes, publishContainerPorts } from "./ports.ts";
import { openNetworkOfUser } from "./user-network.ts";

/** The network namespace of a container that is about to start. Its end, when no process is in it, takes all with it. */
export interface OpenNetwork extends Disposable {
  /** For the runtime, while this process holds it open. */
  readonly path: string;
  readonly endpoints: readonly Endpoint[];
}

const loopback = 1;

/**
 * Makes the network namespace of a container with endpoints in networks, and joins it to them. On failure nothing is left but
 * what closeNetwork() takes away.
 */
export function openNetwork(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): OpenNetwork | undefined {
  const { network } = spec;
  if (inUserNamespace()) return openNetworkOfUser(engine, spec, place);
  if (typeof network === "string" || "container" in network) return undefined;
  const joinings = planEndpoints(engine, spec, network.endpoints);
  try {
    using host = new Netlink();
    const { namespace, result: inside } = NetworkNamespace.create(() => new Netlink());
    using _inside = inside;
    try {
      inside.send([switchOn(loopback)]);
      const endpoints = joinings.map((joining) =>
        joinNetwork(engine.place, { host, inside, namespace }, joining),
      );
      const joined = endpoints.map((endpoint, index) => ({ endpoint, network: joinings[index]!.network }));
      const ports = publishContainerPorts(engine, spec.id, portWishes(spec), joined);
      writeNetwork(place, { endpoints, ports });
      setNames(engine.place, { id: spec.id, servers: spec.dns, endpoints });
      tellLinkers(engine, place);
      for (const { network: record } of joinings)
        recordNetworkEvent(engine, record, "connect", { container: spec.id });
      return { path: namespace.path, endpoints, [Symbol.dispose]: () => namespace[Symbol.dispose]() };
    } catch (error) {
      namespace[Symbol.dispose]();
      throw error;
    }
  } catch (error) {
    for (const joining of joinings) returnAddresses(engine, joining, spec.id);
    throw error;
  }
}

/** A network by the name that was asked for; the default one is made when it is not there yet. */
export function networkOf(engine: Engine, name: string): NetworkRecord {
  return name === defaultName ? defaultNetwork(engine.place) : findRecord(engine.place, name);
}

/** Takes the addresses of each endpoint. When one cannot be had, the others are given back. */
function planEndpoints(
  engine: Engine,
  spec: ContainerSpec,
  wishes: readonly EndpointWish[],
): readonly Joining[] {
  const joinings: Joining[] = [];
  try {
    for (const [index, wish] of wishes.entries()) {
      const network = networkOf(engine, wish.network);
      joinings.push(planEndpoint(engine, spec, network, wish, `eth${index}`));
    }
  } catch (error) {
    for (const joining of joinings) returnAddresses(engine, joining, spec.id);
    throw error;
  }
  return joinings;
}

/** Takes the addresses of one endpoint. */
export function planEndpoint(
  engine: Engine,
  spec: Pick<ContainerSpec, "id" | "name" | "hostname">,
  network: NetworkRecord,
  wish: EndpointWish,
  name: string,
): Joining {
  const claimant = claimantOf(engine, spec.id);
  const ipv4 = lease(engine.place, network, 4, claimant, wish.ipv4);
  try {
    const ipv6 = lease(engine.place, network, 6, claimant, wish.ipv6);
    const names = namesIn(network, spec, wish.aliases);
    return { network, name, ipv4, ipv6, mac: wish.mac, aliases: wish.aliases, names };
  } catch (error) {
    if (ipv4 !== undefined) returnAddresses(engine, { network, ipv4, ipv6: undefined }, spec.id);
    throw error;
  }
}

/** The names by which others find it: none in the default network, as in Docker, and none where Vial is not the router. */
function namesIn(
  network: Pick<NetworkRecord, "name" | "driver">,
  spec: Pick<ContainerSpec, "id" | "name" | "hostname">,
  aliases: readonly string[],
): readonly string[] {
  return network.name === defaultName || network.driver !== "bridge" ? [] : namesOf(spec, aliases);
}

export function namesOf(
  spec: Pick<ContainerSpec, "id" | "name" | "hostname">,
  aliases: readonly string[],
): readonly string[] {
  const names = [spec.name, ...aliases, spec.id.slice(0, 12), spec.hostname];
  return [...new Set(names.filter((name) => name !== "").map((name) => name.toLowerCase()))];
}

function claimantOf(engine: Engine, id: string): Claimant {
  return { id, isHeldBy: (other) => other !== id && isUp(engine, other) };
}

export function returnAddresses(
  engine: Engine,
  { network, ipv4, ipv6 }: Pick<Joining, "network" | "ipv4" | "ipv6">,
  id: string,
): void {
  for (const taken of [ipv4, ipv6])
    if (taken !== undefined) giveBack(engine.place, network.id, printAddress(taken.address), id);
}

/** Gives back what a container had of networks. Nothing happens when it had nothing, or that has been done. */
export function closeNetwork(engine: Engine, place: ContainerFolder): void {
  closeContainerPorts(engine, place);
  if (inUserNamespace()) {
    closeUserNetwork(place.bundle);
    return;
  }
  const { endpoints } = readNetwork(place);
  if (endpoints.some(({ names }) => names.length > 0))
    setNames(engine.place, { id: place.id, servers: [], endpoints: [] });
  for (const endpoint of endpoints) {
    const { network: name, networkId: id, hostInterface } = endpoint;
    for (const address of [endpoint.ipv4, endpoint.ipv6])
      if (address !== undefined) giveBack(engine.place, id, address, place.id);
    const driver = hostInterface === undefined ? "macvlan" : "bridge";
    recordNetworkEvent(engine, { id, name, driver }, "disconnect", { container: place.id });
  }
}
