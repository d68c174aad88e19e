import { rmSync } from "node:fs";
import { lockExclusive, Netlink, type Place } from "#host";
import { removeBridge } from "./bridge.ts";
import { leaseFolder, networkLock } from "./place.ts";
import type { NetworkRecord } from "./record.ts";
import { listRecords, readRecord, removeRecord } from "./records.ts";
import { dropRules, setRules } from "./rules.ts";

/**
 * Takes a network away: its record last, so that what a kill -9 leaves is still a network that can be removed. `check` is asked
 * under the lock and throws when somebody is in it.
 */
export function takeAway(place: Place, network: NetworkRecord, check: () => void): void {
  using _lock = lockExclusive(networkLock(place));
  // Removed, or made anew, by somebody else meanwhile.
  if (readRecord(place, network.name)?.id !== network.id) return;
  check();
  using netlink = new Netlink();
  if (network.driver === "bridge") {
    removeBridge(network, netlink);
    const others = listRecords(place).filter(({ id }) => id !== network.id);
    if (others.some(({ driver }) => driver === "bridge")) setRules(place, others);
    else dropRules(place);
  }
  rmSync(leaseFolder(place, network), { recursive: true, force: true });
  removeRecord(place, network.name);
}
