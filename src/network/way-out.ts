import { addDefaultRoute, type Netlink } from "#host";
import { type Address, addressBytes } from "./address.ts";

/**
 * Lets what has no other way leave by a router of this interface, for each family unless it has a way out already: the first
 * network that has one is it. `inside` is a socket of the container's namespace.
 */
export function leadOut(inside: Netlink, index: number, routers: readonly Address[]): void {
  for (const router of routers) {
    try {
      inside.send([addDefaultRoute(index, addressBytes(router))]);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}
