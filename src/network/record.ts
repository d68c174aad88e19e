/** One family of addresses of a network, as text: "10.88.0.0/16". */
export interface SubnetRecord {
  readonly subnet: string;
  /** The host's own address in it; for a macvlan that of a router outside. */
  readonly gateway?: string;
  /** The part from which addresses are given. */
  readonly range?: string;
  /** Addresses that are never given, with the names that they were reserved by. */
  readonly reserved?: Readonly<Record<string, string>>;
}

/** A network that Vial makes, as ROOT/networks/NAME.json holds it. */
export interface NetworkRecord {
  readonly version: 1;
  readonly id: string;
  readonly name: string;
  /** RFC 3339 */
  readonly created: string;
  readonly driver: "bridge" | "macvlan";
  /** The bridge's interface on the host; for a macvlan the host's own one that it stands on. */
  readonly interface: string;
  readonly ipv6: boolean;
  readonly subnets: readonly SubnetRecord[];
  /** Nothing goes out of it, and nobody comes in. */
  readonly internal: boolean;
  readonly attachable: boolean;
  /** Its containers do not reach each other. */
  readonly isolated: boolean;
  /** What goes out has the host's address. */
  readonly masquerade: boolean;
  readonly mtu?: number;
  /** Where ports are published when no address is given. */
  readonly hostBinding?: string;
  /** The driver's options as they were given. */
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}
