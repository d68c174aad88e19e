// Internet addresses and ranges of them: text to numbers and back. Nothing here asks the machine.

/** An address as a number, with its family. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that begin with the first `prefix` bits of `value`; the others are zero. */
export interface Range extends Address {
  readonly prefix: number;
}

const bitsOf = { 4: 32, 6: 128 } as const;

/** Undefined for what is no address. "10.0.0.1", "fd00::1"; no zone, no brackets, no leading zeros in IPv4. */
export function parseAddress(text: string): Address | undefined {
  const family = text.includes(":") ? 6 : 4;
  const value = family === 4 ? parseIpv4(text) : parseIpv6(text);
  return value === undefined ? undefined : { family, value };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    // "010" is eight to some programs and ten to others.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half, index) => groupsOf(half, index === halves.length - 1));
  if (left === undefined || (halves.length === 2 && right === undefined)) return undefined;
  const missing = 8 - left.length - (right?.length ?? 0);
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...left, ...Array<number>(missing).fill(0), ...(right ?? [])];
  return groups.reduce((value, group) => value * 65536n + BigInt(group), 0n);
}

/** The groups of a part of an IPv6 address; the last two of all may be written as IPv4. */
function groupsOf(text: string, isEnd: boolean): readonly number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    const ipv4 = isEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(Number(ipv4 >> 16n), Number(ipv4 & 0xffffn));
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** As RFC 5952 wants it: small letters, the longest run of zeros left out. */
export function printAddress({ family, value }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16),
  );
  const runs = [...groups.join(":").matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [run] = runs;
  if (run === undefined) return groups.join(":");
  const before = run.input.slice(0, run.index).replace(/:$/, "");
  return `${before}::${run.input.slice(run.index + run[0].length).replace(/^:/, "")}`;
}

/** The bytes as they go over the wire. */
export function addressBytes({ family, value }: Address): Buffer {
  return Buffer.from(value.toString(16).padStart(bitsOf[family] / 4, "0"), "hex");
}

export function addressOfBytes(bytes: Uint8Array): Address {
  return { family: bytes.length === 4 ? 4 : 6, value: BigInt(`0x${Buffer.from(bytes).toString("hex")}`) };
}

/** "10.0.0.0/8". Undefined for what is none, and for one whose address does not end in zeros, unless `cut` takes them. */
export function parseRange(text: string, cut: "cut" | "exact" = "exact"): Range | undefined {
  const slash = text.lastIndexOf("/");
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (slash < 0 || address === undefined || !/^\d{1,3}$/.test(digits)) return undefined;
  const prefix = Number(digits);
  if (prefix > bitsOf[address.family]) return undefined;
  const range = rangeOf(address, prefix);
  return cut === "cut" || range.value === address.value ? range : undefined;
}

/** The range of that length in which an address lies. */
export function rangeOf({ family, value }: Address, prefix: number): Range {
  const rest = BigInt(bitsOf[family] - prefix);
  return { family, value: (value >> rest) << rest, prefix };
}

export function printRange(range: Range): string {
  return `${printAddress(range)}/${range.prefix}`;
}

export function sizeOf({ family, prefix }: Range): bigint {
  return 1n << BigInt(bitsOf[family] - prefix);
}

export function contains(range: Range, address: Address): boolean {
  return range.family === address.family && rangeOf(address, range.prefix).value === range.value;
}

export function overlap(a: Range, b: Range): boolean {
  return a.prefix <= b.prefix ? contains(a, b) : contains(b, a);
}

/** The address `offset` steps after the beginning of a range. */
export function at(range: Range, offset: bigint): Address {
  return { family: range.family, value: range.value + offset };
}

/**
 * Whether a host in that range may have this address: IPv4 keeps the first for the network and the last for all in it, unless the
 * range has two addresses alone (RFC 3021); IPv6 keeps the first for any router (RFC 4291).
 */
export function isUsable(range: Range, address: Address): boolean {
  if (!contains(range, address)) return false;
  const size = sizeOf(range);
  if (size <= 2n) return true;
  const offset = address.value - range.value;
  return offset !== 0n && (range.family === 6 || offset !== size - 1n);
}
