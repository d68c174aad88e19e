import { addDefaultRoute, findLink, type Netlink, removeLink } from "#host";
import { addressBytes, parseAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";

/**
 * Takes an interface out of a container that runs; its other end goes with it. When it was the way out, the first of the others
 * that has a router is it from now on. `inside` is a socket of the container's namespace.
 */
export function leaveNetwork(inside: Netlink, endpoint: Endpoint, others: readonly Endpoint[]): void {
  if (findLink(inside, endpoint.interface) !== undefined) inside.send([removeLink(endpoint.interface)]);
  const next = others.find(({ gateway4, gateway6 }) => gateway4 !== undefined || gateway6 !== undefined);
  const index = next === undefined ? undefined : findLink(inside, next.interface)?.index;
  if (next === undefined || index === undefined) return;
  for (const gateway of [next.gateway4, next.gateway6]) {
    const address = gateway === undefined ? undefined : parseAddress(gateway);
    if (address !== undefined) addRoute(inside, index, addressBytes(address));
  }
}

/** The route may be there: it was another endpoint that left. */
function addRoute(inside: Netlink, index: number, gateway: Buffer): void {
  try {
    inside.send([addDefaultRoute(index, gateway)]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
