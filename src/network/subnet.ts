import { listAddresses, listRoutes, type Netlink } from "#host";
import { type Address, addressOfBytes, at, overlap, parseRange, type Range, rangeOf } from "./address.ts";
import { subnetsUsedUp } from "./error.ts";
import type { NetworkRecord } from "./record.ts";

/** Below this length a route is no network but a way to everywhere, as VPNs set it: 0.0.0.0/1. */
const shortestOfIpv4 = 8;

/** Every range of addresses that leads somewhere from this host. */
export function usedRanges(netlink: Netlink): readonly Range[] {
  return [...listRoutes(netlink), ...listAddresses(netlink)]
    .filter(({ address, prefix }) => address.length !== 4 || prefix >= shortestOfIpv4)
    .map(({ address, prefix }) => rangeOf(addressOfBytes(address), prefix));
}

export function rangesOf(record: Pick<NetworkRecord, "subnets">): readonly Range[] {
  return record.subnets.flatMap(({ subnet }) => parseRange(subnet) ?? []);
}

function constant(text: string): Range {
  const range = parseRange(text);
  if (range === undefined) throw new Error(`${text} is no range`);
  return range;
}

/** A free range of that length from the private ones (RFC 1918). Throws subnets-used-up. */
export function chooseIpv4(prefix: 16 | 24, used: readonly Range[]): Range {
  // Docker begins at 172.17.0.0, and many companies at 10.0.0.0.
  const first = prefix === 16 ? constant("10.88.0.0/16") : constant("10.89.0.0/24");
  const taken = used.filter(({ family }) => family === 4);
  const found =
    firstFree(first, constant("10.0.0.0/8"), taken) ??
    firstFree({ ...constant("172.20.0.0/16"), prefix }, constant("172.16.0.0/12"), taken);
  if (found === undefined) throw subnetsUsedUp();
  return found;
}

function firstFree(first: Range, within: Range, used: readonly Range[]): Range | undefined {
  const end = within.value + (1n << BigInt(32 - within.prefix));
  const step = 1n << BigInt(32 - first.prefix);
  for (let value = first.value; value < end; value += step) {
    const candidate = { ...first, value };
    if (!used.some((range) => overlap(range, candidate))) return candidate;
  }
  return undefined;
}

/** A range of the unique local ones (RFC 4193), by chance: 56 bits that nobody else has. */
export function chooseIpv6(): Range {
  const bits = crypto.getRandomValues(new Uint8Array(16));
  bits[0] = 0xfd;
  return rangeOf(addressOfBytes(bits), 64);
}

/** The first address that a host may have. */
export function firstAddress(range: Range): Address {
  return at(range, range.prefix >= (range.family === 4 ? 31 : 127) ? 0n : 1n);
}
