import { defaultName, openUserNetwork, userNetworkClosed, userNetworkWays } from "#network";
import type { ContainerSpec, NetworkWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { networksNeedRoot } from "../error.ts";
import type { ContainerFolder } from "./folder.ts";
import type { OpenNetwork } from "./network.ts";
import { writeNetwork } from "./network-record.ts";
import { portWishes, publishUserPorts } from "./ports.ts";

// The networks of an ordinary user: he may make no interface on the host.

/** The network of a container for which none is asked: a way out where there can be one, else none. */
export function ordinaryUserNetwork(): NetworkWish {
  if (userNetworkWays().ways.length === 0) return "none";
  return { endpoints: [{ network: defaultName, aliases: [] }] };
}

/** Throws networks-need-root for what is more than the default network. */
export function checkUserNetwork(network: NetworkWish): void {
  if (typeof network === "string" || "container" in network) return;
  const [first, second] = network.endpoints;
  const other = second ?? first;
  if (other === undefined) return;
  const { network: name, ipv4, ipv6, mac, aliases } = other;
  const isPlain = ipv4 === undefined && ipv6 === undefined && mac === undefined && aliases.length === 0;
  if (second !== undefined || name !== defaultName || !isPlain) throw networksNeedRoot(name);
}

/**
 * The network of an ordinary user's container that is about to start, and its ports. Undefined when the runtime makes the network,
 * or there is none to make: its ports lead into it all the same.
 */
export function openNetworkOfUser(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): OpenNetwork | undefined {
  checkUserNetwork(spec.network);
  if (spec.network === "host" || (typeof spec.network === "object" && "container" in spec.network))
    return undefined;
  if (spec.network === "none") {
    const ports = publishUserPorts(engine, spec.id, portWishes(spec));
    if (ports.length > 0) writeNetwork(place, { endpoints: [], ports });
    return undefined;
  }
  const { ways, why } = userNetworkWays();
  if (ways.length === 0) throw userNetworkClosed(why);
  const ports = publishUserPorts(engine, spec.id, portWishes(spec));
  const network = openUserNetwork({ bundle: place.bundle, owner: spec.id, run: engine.place.run }, ways);
  const endpoints = [network.endpoint];
  writeNetwork(place, { endpoints, ports });
  return { path: network.path, endpoints, [Symbol.dispose]: () => network[Symbol.dispose]() };
}
