import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { lockExclusive, type Place } from "#host";
import {
  type Address,
  at,
  contains,
  isUsable,
  parseAddress,
  parseRange,
  printAddress,
  type Range,
  sizeOf,
} from "./address.ts";
import { addressesUsedUp, addressOutside, addressTaken } from "./error.ts";
import { leaseFolder } from "./place.ts";
import type { NetworkRecord, SubnetRecord } from "./record.ts";

/** An address that this container has until it gives it back. */
export interface Lease {
  readonly address: Address;
  readonly subnet: Range;
  readonly gateway: Address | undefined;
}

/** Who asks, and who may have an address that another one's link names. */
export interface Claimant {
  readonly id: string;
  /** Whether that container is up or about to be: the address of another one is free. */
  isHeldBy(id: string): boolean;
}

/** Takes the wished address, or a free one, of one family. Undefined when the network has no subnet of that family. */
export function lease(
  place: Place,
  network: NetworkRecord,
  family: 4 | 6,
  claimant: Claimant,
  wish: string | undefined,
): Lease | undefined {
  const subnets = subnetsOf(network, family);
  if (wish !== undefined) {
    const found = checkAddress(network, family, wish);
    const holder = take(place, network, found.address, claimant);
    if (holder !== undefined) throw addressTaken(wish, network.name, `the container ${holder.slice(0, 12)}`);
    return found;
  }
  for (const { record, range } of subnets) {
    const address = takeFree(place, network, record, range, claimant);
    if (address !== undefined) return { address, subnet: range, gateway: gatewayOf(record) };
  }
  if (subnets.length === 0) return undefined;
  throw addressesUsedUp(network.name, subnets.map(({ record }) => record.subnet).join(", "));
}

function subnetsOf(
  network: NetworkRecord,
  family: 4 | 6,
): readonly { readonly record: SubnetRecord; readonly range: Range }[] {
  return network.subnets.flatMap((record) => {
    const range = parseRange(record.subnet);
    return range?.family === family ? [{ record, range }] : [];
  });
}

/** An address that was asked for, in the subnet that has it. Throws address-outside. */
export function checkAddress(network: NetworkRecord, family: 4 | 6, text: string): Lease {
  const subnets = subnetsOf(network, family);
  const address = parseAddress(text);
  const own = subnets.find(({ record, range }) => address !== undefined && mayHave(record, range, address));
  if (address === undefined || own === undefined)
    throw addressOutside(
      text,
      network.name,
      subnets.map(({ record }) => record.subnet),
    );
  return { address, subnet: own.range, gateway: gatewayOf(own.record) };
}

function gatewayOf(record: SubnetRecord): Address | undefined {
  return record.gateway === undefined ? undefined : parseAddress(record.gateway);
}

function mayHave(record: SubnetRecord, range: Range, address: Address): boolean {
  const text = printAddress(address);
  const kept = [record.gateway, ...Object.values(record.reserved ?? {})];
  return isUsable(range, address) && !kept.includes(text);
}

/** No search goes on for longer than this: an IPv6 subnet has more addresses than there is time. */
const mostTries = 70_000n;

/** Begins behind the one that was given last, so that an address rests before somebody else has it. */
function takeFree(
  place: Place,
  network: NetworkRecord,
  record: SubnetRecord,
  range: Range,
  claimant: Claimant,
): Address | undefined {
  const part = (record.range === undefined ? undefined : parseRange(record.range)) ?? range;
  const size = sizeOf(part);
  const mark = `${leaseFolder(place, network)}/last${part.family}`;
  const last = readMark(mark);
  const start = last !== undefined && contains(part, last) ? last.value - part.value + 1n : 0n;
  for (let step = 0n; step < size && step < mostTries; step++) {
    const address = at(part, (start + step) % size);
    if (!mayHave(record, range, address)) continue;
    if (take(place, network, address, claimant) !== undefined) continue;
    writeFileSync(mark, printAddress(address), { mode: 0o600 });
    return address;
  }
  return undefined;
}

/** Only a hint, so a half-written one does no harm. */
function readMark(path: string): Address | undefined {
  try {
    return parseAddress(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** Undefined when it is ours now; else the id of the container that has it. */
function take(
  place: Place,
  network: NetworkRecord,
  address: Address,
  claimant: Claimant,
): string | undefined {
  const folder = leaseFolder(place, network);
  const path = `${folder}/${printAddress(address)}`;
  for (;;) {
    try {
      symlinkSync(claimant.id, path);
      return undefined;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        continue;
      }
      if (code !== "EEXIST") throw error;
    }
    const holder = holderOf(path);
    if (holder !== undefined && claimant.isHeldBy(holder)) return holder;
    // Left by a kill -9.
    if (holder !== undefined) dropLease(folder, printAddress(address), holder);
  }
}

function holderOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Under a lock: of two who see what is left over, the second would take away what the first has claimed since. */
function dropLease(folder: string, name: string, holder: string): void {
  using _lock = lockExclusive(`${folder}/lock`);
  if (holderOf(`${folder}/${name}`) === holder) rmSync(`${folder}/${name}`, { force: true });
}

/** Gives back an address that this container has. */
export function giveBack(place: Place, networkId: string, address: string, container: string): void {
  const folder = leaseFolder(place, { id: networkId });
  if (holderOf(`${folder}/${address}`) === container) dropLease(folder, address, container);
}

/** Every lease of a network: address and the id of the container. */
export function listLeases(
  place: Place,
  network: Pick<NetworkRecord, "id">,
): readonly { readonly address: string; readonly holder: string }[] {
  const folder = leaseFolder(place, network);
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // Nobody has been in it.
    return [];
  }
  return names.flatMap((address) => {
    const holder = parseAddress(address) === undefined ? undefined : holderOf(`${folder}/${address}`);
    return holder === undefined ? [] : [{ address, holder }];
  });
}

/** Takes away the leases of containers that are up no more: 10 us for each that is. */
export function sweepLeases(
  place: Place,
  network: Pick<NetworkRecord, "id">,
  isHeldBy: (id: string) => boolean,
): void {
  for (const { address, holder } of listLeases(place, network))
    if (!isHeldBy(holder)) dropLease(leaseFolder(place, network), address, holder);
}
