import type { Place } from "#host";
import type { NetworkRecord } from "./record.ts";

// Networks on disk:
//
//     ROOT/networks/NAME.json          what a network is; survives a reboot
//     RUN/networks/ID/ADDRESS          a lease: a link to the id of the container that has the address
//     RUN/networks/ID/last             the address that was given last
//     RUN/dns/                         what the name server reads

/** Docker's own word for the network in which a container is when nothing is asked for. */
export const defaultName = "bridge";

export function recordFolder(place: Place): string {
  return `${place.root}/networks`;
}

/** `name` has been checked: a letter or digit is its first, and it holds no slash. */
export function recordFile(place: Place, name: string): string {
  return `${recordFolder(place)}/${name}.json`;
}

export function isNetworkName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/.test(text);
}

export function leasesFolder(place: Place): string {
  return `${place.run}/networks`;
}

export function leaseFolder(place: Place, network: Pick<NetworkRecord, "id">): string {
  return `${leasesFolder(place)}/${network.id.slice(0, 16)}`;
}

/** Held while a subnet is chosen, by whatever root of Vial on this host: until its bridge is up, no route tells of it. */
export const subnetLock = "/run/vial/subnets.lock";

/** Held while a network is made, brought up or removed. */
export function networkLock(place: Place): string {
  return `${place.root}/locks/networks`;
}
