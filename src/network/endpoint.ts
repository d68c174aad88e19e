/** What a container has in one network while it runs. Addresses as text, without the length of the prefix. */
export interface Endpoint {
  readonly network: string;
  readonly networkId: string;
  readonly endpointId: string;
  /** Its name inside: eth0, eth1. */
  readonly interface: string;
  /** Its other end on the host; a macvlan has none. */
  readonly hostInterface?: string;
  readonly mac: string;
  readonly ipv4?: string;
  readonly ipv4Prefix?: number;
  readonly gateway4?: string;
  readonly ipv6?: string;
  readonly ipv6Prefix?: number;
  readonly gateway6?: string;
  /** The names that were asked for. */
  readonly aliases: readonly string[];
  /** Every name by which others in this network find it; none in the default network. */
  readonly names: readonly string[];
  /** Where its names and others are asked for. */
  readonly nameServers?: readonly string[];
}

/** A port of the host that leads into a container. */
export interface PublishedPort {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
}
