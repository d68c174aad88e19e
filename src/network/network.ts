// Networks, addresses, ports, names.
//
// A network is a record on disk, and on the host a bridge with its own subnets, made at first use and again after a
// reboot. A container's network namespace is made before the runtime: a pair of virtual interfaces joins it to the bridge,
// and the kernel takes both away with the last process inside. Addresses are leases: links that one call makes, so that
// many processes may ask at once, and that anybody may sweep when the container is gone.

export { printAddress } from "./address.ts";
export { sweepBridges } from "./bridge.ts";
export { makeNetwork, type SubnetWish } from "./create.ts";
export { defaultNetwork } from "./default.ts";
export type { Endpoint, PublishedPort } from "./endpoint.ts";
export {
  networkInUse,
  networkOptionInvalid,
  networkOptionUnsupported,
  networkPredefined,
} from "./error.ts";
export { type Joining, joinNetwork } from "./join.ts";
export { leaveNetwork } from "./leave.ts";
export { checkAddress, type Claimant, giveBack, lease, sweepLeases } from "./lease.ts";
export { setNames, sweepNames } from "./names.ts";
export { defaultName } from "./place.ts";
export type { NetworkRecord, SubnetRecord } from "./record.ts";
export { findRecord, listRecords, readRecord } from "./records.ts";
export { takeAway } from "./remove.ts";
export type { PortTarget, PortWish } from "./port/wish.ts";
export {
  listPorts,
  openRelays,
  publishPorts,
  type PublishWish,
  sweepPorts,
  unpublishPorts,
  unpublishSome,
} from "./port/publish.ts";
export { userNetworkClosed } from "./rootless/error.ts";
export { closeUserNetwork, openUserNetwork, userNetworkWays } from "./rootless/user-network.ts";
