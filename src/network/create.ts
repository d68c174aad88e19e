import { findLink, lockExclusive, Netlink, type Place } from "#host";
import {
  isUsable,
  overlap,
  parseAddress,
  parseRange,
  printAddress,
  printRange,
  type Range,
} from "./address.ts";
import { raiseLocked, withNetwork } from "./bridge.ts";
import { interfaceOf, newNetworkId, subnetRecord } from "./default.ts";
import {
  interfaceMissing,
  interfaceTaken,
  networkExists,
  networkNameInvalid,
  networkOptionInvalid,
  subnetOverlaps,
} from "./error.ts";
import { readDriverOptions } from "./options.ts";
import { isNetworkName, networkLock, subnetLock } from "./place.ts";
import type { NetworkRecord, SubnetRecord } from "./record.ts";
import { listRecords, readRecord, writeRecord } from "./records.ts";
import { setRules } from "./rules.ts";
import { chooseIpv4, chooseIpv6, firstAddress, rangesOf, usedRanges } from "./subnet.ts";

/** One subnet as it was asked for; what is left out is chosen. */
export interface SubnetWish {
  readonly subnet?: string;
  readonly gateway?: string;
  readonly range?: string;
  /** Addresses that are never given, by name. */
  readonly auxiliary?: Readonly<Record<string, string>>;
}

export interface NetworkWish {
  readonly name: string;
  readonly driver: "bridge" | "macvlan";
  readonly subnets: readonly SubnetWish[];
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  readonly internal: boolean;
  readonly attachable: boolean;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/** Makes a network, its bridge and its rules. Throws network-exists, subnet-overlaps and others; then nothing is left. */
export function makeNetwork(place: Place, wish: NetworkWish): NetworkRecord {
  if (!isNetworkName(wish.name)) throw networkNameInvalid(wish.name);
  const asked = wish.subnets.map(checkSubnet);
  const settings = readDriverOptions(wish.driver, wish.options);
  using _lock = lockExclusive(networkLock(place));
  if (readRecord(place, wish.name) !== undefined) throw networkExists(wish.name);
  using _alone = lockExclusive(subnetLock);
  using netlink = new Netlink();
  const id = newNetworkId();
  const others = listRecords(place);
  // A macvlan's subnet is that of the wire, which the host may well be in.
  const known = wish.driver === "macvlan" ? [] : usedRanges(netlink);
  const subnets = settleSubnets(wish, asked, others, known);
  const { interface: name = interfaceOf(id), ...driver } = settings;
  if (wish.driver === "macvlan" && (settings.interface === undefined || !findLink(netlink, name)))
    throw interfaceMissing(settings.interface ?? "", wish.name);
  if (wish.driver === "bridge" && findLink(netlink, name) !== undefined)
    throw interfaceTaken(name, wish.name);
  const record: NetworkRecord = {
    version: 1,
    id,
    name: wish.name,
    created: new Date().toISOString(),
    driver: wish.driver,
    interface: name,
    ipv6: wish.ipv6,
    subnets,
    internal: wish.internal,
    attachable: wish.attachable,
    ...driver,
    options: wish.options,
    labels: wish.labels,
  };
  if (wish.driver === "bridge") {
    setRules(place, withNetwork(others, record));
    raiseLocked(place, record, netlink);
  }
  writeRecord(place, record);
  return record;
}

interface CheckedSubnet {
  readonly range: Range;
  readonly record: SubnetRecord;
}

/** Throws network-option-invalid. */
function checkSubnet(wish: SubnetWish): CheckedSubnet {
  const text = wish.subnet ?? "";
  if (text === "")
    throw networkOptionInvalid(
      wish.gateway === undefined ? "--ip-range" : "--gateway",
      "it needs --subnet beside it",
      "--subnet 10.89.5.0/24 --gateway 10.89.5.1",
    );
  const range = parseRange(text, "cut");
  if (range === undefined || range.prefix < 8 || range.prefix > (range.family === 4 ? 30 : 126))
    throw networkOptionInvalid(
      `--subnet ${text}`,
      "it has to be a range of at least four addresses, such as 10.89.5.0/24",
      "--subnet 10.89.5.0/24",
    );
  const inside = (option: string, value: string): string => {
    const address = parseAddress(value);
    if (address === undefined || !isUsable(range, address))
      throw networkOptionInvalid(
        `${option} ${value}`,
        `it is no address for a host in ${printRange(range)}`,
        `${option} ${printAddress(firstAddress(range))}`,
      );
    return printAddress(address);
  };
  const part = wish.range === undefined || wish.range === "" ? undefined : parseRange(wish.range, "cut");
  if (wish.range !== undefined && wish.range !== "")
    if (part === undefined || part.prefix < range.prefix || !overlap(part, range))
      throw networkOptionInvalid(
        `--ip-range ${wish.range}`,
        `it is no part of ${printRange(range)}`,
        `--ip-range ${printRange(range)}`,
      );
  const reserved = Object.entries(wish.auxiliary ?? {}).map(
    ([name, value]) => [name, inside(`--aux-address ${name}=`, value)] as const,
  );
  const gateway =
    wish.gateway === undefined || wish.gateway === ""
      ? printAddress(firstAddress(part !== undefined && part.prefix < 31 ? part : range))
      : inside("--gateway", wish.gateway);
  return {
    range,
    record: {
      subnet: printRange(range),
      gateway,
      ...(part === undefined ? {} : { range: printRange(part) }),
      ...(reserved.length === 0 ? {} : { reserved: Object.fromEntries(reserved) }),
    },
  };
}

function settleSubnets(
  wish: NetworkWish,
  asked: readonly CheckedSubnet[],
  others: readonly NetworkRecord[],
  known: readonly Range[],
): readonly SubnetRecord[] {
  const used: { readonly range: Range; readonly what: string }[] = [
    ...others.flatMap((other) =>
      rangesOf(other).map((range) => ({ range, what: `the network ${JSON.stringify(other.name)}` })),
    ),
    ...known.map((range) => ({ range, what: `a route or an address of this host, ${printRange(range)}` })),
  ];
  for (const { range } of asked) {
    if (range.family === 6 && !wish.ipv6)
      throw networkOptionInvalid(`--subnet ${printRange(range)}`, "it needs --ipv6 beside it", "--ipv6");
    const other = used.find((entry) => overlap(entry.range, range));
    if (other !== undefined) throw subnetOverlaps(printRange(range), other.what);
    used.push({ range, what: "another --subnet" });
  }
  const ranges = used.map(({ range }) => range);
  const has = (family: 4 | 6) => asked.some(({ range }) => range.family === family);
  return [
    ...(wish.ipv4 && !has(4) ? [subnetRecord(chooseIpv4(24, ranges))] : []),
    ...asked.map(({ record }) => record),
    ...(wish.ipv6 && !has(6) ? [subnetRecord(chooseIpv6())] : []),
  ];
}
