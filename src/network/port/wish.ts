/** One `-p`, after parsing: ranges are one wish for each port. */
export interface PortWish {
  /** An address of the host; undefined: loopback alone, and both families of it. `0.0.0.0` and `::` are all. */
  readonly hostAddress?: string;
  /** Undefined: the kernel chooses at each start. With `hostPortEnd`: the first free one of a range. */
  readonly hostPort?: number;
  readonly hostPortEnd?: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

/** A container behind a bridge of the host. */
export interface BridgeTarget {
  readonly ipv4?: string;
  readonly ipv6?: string;
  /** The interface of the host that leads there. */
  readonly bridge: string;
  /** Those of the networks on that interface: "10.88.0.0/16". */
  readonly subnets: readonly string[];
}

/** Where a container is to be reached; `inside`: nowhere, and each connection is taken into its network namespace. */
export type PortTarget = BridgeTarget | "inside";

/** A port of the container with the addresses of the host at which it is to be had, under one number at all of them. */
export interface Publication {
  readonly addresses: readonly string[];
  /** An address of this family may be left out on a host that does not have it. */
  readonly optional: readonly string[];
  readonly hostPort: number | undefined;
  readonly hostPortEnd: number | undefined;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}

const loopback = ["127.0.0.1", "::1"] as const;

/**
 * What belongs together: the two families of loopback, and two wishes for all addresses of the two families, as Docker's
 * clients mean them by one.
 */
export function publicationsOf(wishes: readonly PortWish[]): readonly Publication[] {
  const found: Publication[] = [];
  for (const wish of wishes) {
    const { hostAddress, hostPort, hostPortEnd, containerPort, protocol } = wish;
    const last = found.at(-1);
    if (last !== undefined && hostAddress === "::" && isSameButAddress(last, wish)) {
      found[found.length - 1] = { ...last, addresses: ["0.0.0.0", "::"], optional: ["::"] };
      continue;
    }
    found.push({
      addresses: hostAddress === undefined ? loopback : [hostAddress],
      optional: hostAddress === undefined ? ["::1"] : [],
      hostPort,
      hostPortEnd,
      containerPort,
      protocol,
    });
  }
  return found;
}

function isSameButAddress(before: Publication, wish: PortWish): boolean {
  return (
    before.addresses.length === 1 &&
    before.addresses[0] === "0.0.0.0" &&
    before.hostPort === wish.hostPort &&
    before.hostPortEnd === wish.hostPortEnd &&
    before.containerPort === wish.containerPort &&
    before.protocol === wish.protocol
  );
}
