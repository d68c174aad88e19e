// Networks, addresses, ports, names.
//
// A network is a record on disk, and on the host a bridge with its own subnets, made at first use and again after a
// reboot. A container's network namespace is made before the runtime: a pair of virtual interfaces joins it to the bridge,
// and the kernel takes both away with the last process inside. Addresses are leases: links that one call makes, so that
// many processes may ask at once, and that anybody may sweep when the container is gone.

export { printAddress } from "./address.ts";
export { defaultName, isNetworkName } from "./place.ts";
export { defaultNetwork } from "./default.ts";
export type { Endpoint, PublishedPort } from "./endpoint.ts";
export { type Joining, joinNetwork } from "./join.ts";
export { checkAddress, type Claimant, giveBack, type Lease, lease } from "./lease.ts";
export type { NetworkRecord, SubnetRecord } from "./record.ts";
export { findRecord, listRecords, readRecord } from "./records.ts";
