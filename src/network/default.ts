import { findLink, lockExclusive, Netlink, type Place } from "#host";
import { printAddress, printRange, type Range } from "./address.ts";
import { defaultName, networkLock, subnetLock } from "./place.ts";
import type { NetworkRecord, SubnetRecord } from "./record.ts";
import { listRecords, readRecord, writeRecord } from "./records.ts";
import { chooseIpv4, chooseIpv6, firstAddress, rangesOf, usedRanges } from "./subnet.ts";
import { setRules } from "./rules.ts";
import { raiseLocked, withNetwork } from "./bridge.ts";

/** The network of a container that asks for none: made when the first one does. */
export function defaultNetwork(place: Place): NetworkRecord {
  return readRecord(place, defaultName) ?? makeDefault(place);
}

function makeDefault(place: Place): NetworkRecord {
  using _lock = lockExclusive(networkLock(place));
  const there = readRecord(place, defaultName);
  if (there !== undefined) return there;
  using _alone = lockExclusive(subnetLock);
  using netlink = new Netlink();
  const id = newNetworkId();
  const others = listRecords(place);
  const used = [...usedRanges(netlink), ...others.flatMap(rangesOf)];
  const record: NetworkRecord = {
    version: 1,
    id,
    name: defaultName,
    created: new Date().toISOString(),
    driver: "bridge",
    // Another root of Vial on this host may have that one.
    interface: findLink(netlink, "vial0") === undefined ? "vial0" : interfaceOf(id),
    ipv6: true,
    subnets: [subnetRecord(chooseIpv4(16, used)), subnetRecord(chooseIpv6())],
    internal: false,
    attachable: false,
    isolated: false,
    masquerade: true,
    options: {},
    labels: {},
  };
  setRules(place, withNetwork(others, record));
  raiseLocked(place, record, netlink);
  writeRecord(place, record);
  return record;
}

export function newNetworkId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}

/** The interface of a bridge that was given no name, as Docker calls it. */
export function interfaceOf(id: string): string {
  return `br-${id.slice(0, 12)}`;
}

export function subnetRecord(range: Range): SubnetRecord {
  return { subnet: printRange(range), gateway: printAddress(firstAddress(range)) };
}
