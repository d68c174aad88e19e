import {
  attribute,
  exclusive,
  type Netlink,
  type NetlinkMessage,
  nested,
  readAttributes,
} from "./netlink.ts";

// Interfaces, addresses and routes by rtnetlink(7): each function makes one request, or reads an answer.

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const RTM_GETROUTE = 26;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_FD = 28;
const IFLA_IFALIAS = 20;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_MACVLAN_MODE = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_ISOLATED = 33;
const IFF_UP = 1;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_F_NODAD = 2;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RTPROT_BOOT = 3;
const RTN_UNICAST = 1;

/** An interface of this namespace, or one that a request is about: by number, or by a name among the attributes. */
function interfaceBody(index: number, flags: number, change: number, ...attributes: Uint8Array[]): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(index, 4);
  head.writeUInt32LE(flags, 8);
  head.writeUInt32LE(change, 12);
  return Buffer.concat([head, ...attributes]);
}

/** "02:42:0a:58:00:02" in bytes. */
function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

function optional<T>(value: T | undefined, make: (value: T) => Buffer): readonly Buffer[] {
  return value === undefined ? [] : [make(value)];
}

/** A bridge, switched off. */
export function newBridge(wish: {
  readonly name: string;
  readonly mac: string;
  readonly mtu?: number | undefined;
}): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    flags: exclusive,
    what: `make the bridge ${wish.name}`,
    body: interfaceBody(
      0,
      0,
      0,
      attribute(IFLA_IFNAME, wish.name),
      // One of its own: else it takes the lowest of its ports, and changes it with them.
      attribute(IFLA_ADDRESS, macBytes(wish.mac)),
      ...optional(wish.mtu, (mtu) => attribute(IFLA_MTU, mtu)),
      nested(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, "bridge")),
    ),
  };
}

/** Free text beside an interface. Only at one that exists. */
export function setAlias(name: string, alias: string): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    what: `mark the interface ${name}`,
    body: interfaceBody(0, 0, 0, attribute(IFLA_IFNAME, name), attribute(IFLA_IFALIAS, alias)),
  };
}

/** A pair: `name` here, switched on at a bridge, and its other end in another namespace, switched off. */
export function newVeth(wish: {
  readonly name: string;
  readonly bridge: number;
  readonly mtu?: number | undefined;
  readonly peer: { readonly name: string; readonly namespace: number; readonly mac: string };
}): NetlinkMessage {
  const mtu = optional(wish.mtu, (value) => attribute(IFLA_MTU, value));
  const peer = interfaceBody(
    0,
    0,
    0,
    attribute(IFLA_IFNAME, wish.peer.name),
    attribute(IFLA_ADDRESS, macBytes(wish.peer.mac)),
    ...mtu,
    attribute(IFLA_NET_NS_FD, wish.peer.namespace),
  );
  return {
    type: RTM_NEWLINK,
    flags: exclusive,
    what: `make the interface ${wish.name}`,
    body: interfaceBody(
      0,
      IFF_UP,
      IFF_UP,
      attribute(IFLA_IFNAME, wish.name),
      ...mtu,
      attribute(IFLA_MASTER, wish.bridge),
      nested(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, "veth"),
        nested(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, peer)),
      ),
    ),
  };
}

/** How macvlans on one interface see each other (ip-link(8)). */
export const macvlanModes = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;

/** An interface in another namespace, with an address of its own on the wire of `parent`. */
export function newMacvlan(wish: {
  readonly name: string;
  readonly parent: number;
  readonly namespace: number;
  readonly mac: string;
  readonly mode: keyof typeof macvlanModes;
  readonly mtu?: number | undefined;
}): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    flags: exclusive,
    what: `make the macvlan ${wish.name}`,
    body: interfaceBody(
      0,
      0,
      0,
      attribute(IFLA_IFNAME, wish.name),
      attribute(IFLA_ADDRESS, macBytes(wish.mac)),
      ...optional(wish.mtu, (mtu) => attribute(IFLA_MTU, mtu)),
      attribute(IFLA_LINK, wish.parent),
      attribute(IFLA_NET_NS_FD, wish.namespace),
      nested(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, "macvlan"),
        nested(IFLA_INFO_DATA, attribute(IFLA_MACVLAN_MODE, macvlanModes[wish.mode])),
      ),
    ),
  };
}

/**
 * How a bridge treats one of its ports. `hairpin`: a frame may leave by the port that it came in by, which a container needs
 * to reach its own published port. `isolated`: it does not reach other isolated ports.
 */
export function setBridgePort(
  name: string,
  port: { readonly hairpin: boolean; readonly isolated: boolean },
): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    what: `set the bridge port ${name}`,
    body: interfaceBody(
      0,
      0,
      0,
      attribute(IFLA_IFNAME, name),
      nested(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_SLAVE_KIND, "bridge"),
        nested(
          IFLA_INFO_SLAVE_DATA,
          attribute(IFLA_BRPORT_MODE, Buffer.of(port.hairpin ? 1 : 0)),
          attribute(IFLA_BRPORT_ISOLATED, Buffer.of(port.isolated ? 1 : 0)),
        ),
      ),
    ),
  };
}

export function switchOn(index: number): NetlinkMessage {
  return { type: RTM_NEWLINK, what: "switch an interface on", body: interfaceBody(index, IFF_UP, IFF_UP) };
}

export function removeLink(name: string): NetlinkMessage {
  return {
    type: RTM_DELLINK,
    what: `remove the interface ${name}`,
    body: interfaceBody(0, 0, 0, attribute(IFLA_IFNAME, name)),
  };
}

/** 4 or 16 bytes. An IPv6 address is used at once, without asking whether another has it (RFC 4862): we gave it. */
export function addAddress(index: number, address: Uint8Array, prefix: number): NetlinkMessage {
  const family = familyOf(address);
  const head = Buffer.of(family, prefix, family === AF_INET6 ? IFA_F_NODAD : 0, 0, 0, 0, 0, 0);
  head.writeUInt32LE(index, 4);
  const attributes = [attribute(IFA_LOCAL, address), attribute(IFA_ADDRESS, address)];
  if (family === AF_INET && prefix < 31) attributes.push(attribute(IFA_BROADCAST, lastOf(address, prefix)));
  return {
    type: RTM_NEWADDR,
    flags: exclusive,
    what: "give an interface an address",
    body: Buffer.concat([head, ...attributes]),
  };
}

function lastOf(address: Uint8Array, prefix: number): Buffer {
  const bytes = Buffer.from(address);
  bytes.writeUInt32BE((bytes.readUInt32BE(0) | (2 ** (32 - prefix) - 1)) >>> 0, 0);
  return bytes;
}

const AF_INET = 2;
const AF_INET6 = 10;

function familyOf(address: Uint8Array): number {
  return address.length === 4 ? AF_INET : AF_INET6;
}

/** Everything that has no other way goes to `gateway`. */
export function addDefaultRoute(index: number, gateway: Uint8Array): NetlinkMessage {
  return {
    type: RTM_NEWROUTE,
    flags: exclusive,
    what: "set the default route",
    body: Buffer.concat([
      Buffer.of(familyOf(gateway), 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0),
      attribute(RTA_GATEWAY, gateway),
      attribute(RTA_OIF, index),
    ]),
  };
}

/** An interface as the kernel describes it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly alias: string;
  readonly mac: string;
  readonly mtu: number;
  readonly isUp: boolean;
  /** "veth", "bridge"; empty for a real one. */
  readonly kind: string;
  readonly master: number | undefined;
}

function text(bytes: Buffer | undefined): string {
  return bytes?.toString("utf8").replace(/\0.*$/s, "") ?? "";
}

function readLink(body: Buffer): Link {
  const attributes = readAttributes(body, 16);
  const info = attributes.get(IFLA_LINKINFO);
  return {
    index: body.readInt32LE(4),
    name: text(attributes.get(IFLA_IFNAME)),
    alias: text(attributes.get(IFLA_IFALIAS)),
    mac:
      attributes
        .get(IFLA_ADDRESS)
        ?.toString("hex")
        .replace(/(..)(?=.)/g, "$1:") ?? "",
    mtu: attributes.get(IFLA_MTU)?.readUInt32LE(0) ?? 0,
    isUp: (body.readUInt32LE(8) & IFF_UP) !== 0,
    kind: info === undefined ? "" : text(readAttributes(info, 0).get(IFLA_INFO_KIND)),
    master: attributes.get(IFLA_MASTER)?.readUInt32LE(0),
  };
}

export function findLink(netlink: Netlink, name: string): Link | undefined {
  const body = interfaceBody(0, 0, 0, attribute(IFLA_IFNAME, name));
  const answer = netlink.ask({ type: RTM_GETLINK, what: `find the interface ${name}`, body }, ["ENODEV"]);
  return answer === undefined ? undefined : readLink(answer);
}

export function listLinks(netlink: Netlink): readonly Link[] {
  return netlink
    .list({ type: RTM_GETLINK, what: "list the interfaces", body: interfaceBody(0, 0, 0) })
    .map(readLink);
}

/** A range of addresses that this namespace knows: of an interface, or the aim of a route. */
export interface KnownRange {
  readonly address: Buffer;
  readonly prefix: number;
  readonly index: number;
}

/** Addresses of interfaces, as they were given: not cut to the range. */
export function listAddresses(netlink: Netlink): readonly KnownRange[] {
  return netlink
    .list({ type: RTM_GETADDR, what: "list the addresses", body: Buffer.alloc(8) })
    .flatMap((body) => {
      const attributes = readAttributes(body, 8);
      const address = attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS);
      return address === undefined ? [] : [{ address, prefix: body[1] ?? 0, index: body.readUInt32LE(4) }];
    });
}

/** The aims of the routes of every table, without default routes. */
export function listRoutes(netlink: Netlink): readonly KnownRange[] {
  return netlink
    .list({ type: RTM_GETROUTE, what: "list the routes", body: Buffer.alloc(12) })
    .flatMap((body) => {
      const attributes = readAttributes(body, 12);
      const address = attributes.get(RTA_DST);
      const index = attributes.get(RTA_OIF)?.readUInt32LE(0) ?? 0;
      return address === undefined ? [] : [{ address, prefix: body[1] ?? 0, index }];
    });
}
