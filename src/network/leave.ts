import { findLink, type Netlink, removeLink } from "#host";
import { parseAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import { leadOut } from "./way-out.ts";

/**
 * Takes an interface out of a container that runs; its other end goes with it. When it was the way out, the first of the others
 * that has a router is it from now on. `inside` is a socket of the container's namespace.
 */
export function leaveNetwork(inside: Netlink, endpoint: Endpoint, others: readonly Endpoint[]): void {
  if (findLink(inside, endpoint.interface) !== undefined) inside.send([removeLink(endpoint.interface)]);
  for (const other of others) {
    const index = findLink(inside, other.interface)?.index;
    if (index === undefined) continue;
    const routers = [other.gateway4, other.gateway6].map((text) => parseAddress(text ?? ""));
    leadOut(
      inside,
      index,
      routers.filter((router) => router !== undefined),
    );
  }
}
