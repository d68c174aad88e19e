import { askNft, runNft } from "#host";
import type { BridgeTarget } from "./wish.ts";

// What the packet filter does for published ports, in one table of our own: a look into a map for each connection, however many
// ports there are. Only the destination is changed; whether a packet may pass is left to the host's own rules.

const table = "vial-ports";

/** One line of a map: where packets to a port of this host go. */
export interface Redirect {
  /** `any4`: to all addresses of the host; `one4`: to one of them. */
  readonly map: "any4" | "one4" | "any6" | "one6";
  /** "127.0.0.1 . tcp . 8080" */
  readonly key: string;
  /** "10.88.0.2 . 80" */
  readonly value: string;
}

export interface RedirectWish {
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly containerPort: number;
}

/** The addresses have been parsed, and are of one family. */
export function redirectOf(wish: RedirectWish): Redirect {
  const family = wish.hostAddress.includes(":") ? 6 : 4;
  const port = `${wish.protocol} . ${wish.hostPort}`;
  const isAny = wish.hostAddress === "0.0.0.0" || wish.hostAddress === "::";
  return {
    map: `${isAny ? "any" : "one"}${family}`,
    key: isAny ? port : `${wish.hostAddress} . ${port}`,
    value: `${wish.address} . ${wish.containerPort}`,
  };
}

/**
 * `guard`: a bridge on which 127.0.0.1 may be routed is a way into the services of the host's own loopback, for whoever sends
 * such packets from a container (CVE-2020-8558): they are dropped before anything is looked up. `arrive` leaves 127.0.0.1
 * alone, because a neighbour on the wire could send to it (CVE-2025-54388), and IPv6's loopback is left to a relay: the
 * kernel routes it nowhere.
 *
 * `back`: what comes from 127.0.0.1, or goes back to the network that it came from, has to come from the host's own address
 * there, or the answer would not pass here. By the source's address: where bridged packets are shown to the packet filter
 * (bridge-nf-call-iptables) they have no incoming interface at this hook.
 */
const tableText = `create table inet ${table}
table inet ${table} {
  map any4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map one4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map any6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map one6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  set bridges { type ifname; }
  set turns4 { type ifname . ipv4_addr; flags interval; auto-merge; }
  set turns6 { type ifname . ipv6_addr; flags interval; auto-merge; }
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
    iifname @bridges ip saddr 127.0.0.0/8 drop
  }
  chain arrive {
    type nat hook prerouting priority dstnat; policy accept;
    ip daddr 127.0.0.0/8 return
    fib daddr type local jump lead
  }
  chain leave {
    type nat hook output priority -100; policy accept;
    ip6 daddr ::1 return
    fib daddr type local jump lead
  }
  chain lead {
    meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @one4
    meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4
    meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @one6
    meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6
  }
  chain back {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    ct status dnat oifname . ip saddr @turns4 masquerade
    ct status dnat oifname . ip6 saddr @turns6 masquerade
  }
}
`;

/** Leads ports to a container; all or none. Throws nft-refused. */
export function addRedirects(target: BridgeTarget, redirects: readonly Redirect[]): void {
  const text = printAdd(target, redirects);
  const { complaint } = askNft(text);
  if (complaint === undefined) return;
  if (complaint.includes("No such file")) {
    // The first port since the machine started. Somebody else may be as quick: then the table is there.
    askNft(tableText);
    if (askNft(text).complaint === undefined) return;
  }
  // Who holds the ports is us: an entry for one of them was left by somebody who is gone.
  for (const redirect of redirects) removeOne(redirect);
  runNft(text);
}

/** Ends that. What is not there any more is no error. Connections that are open go on. */
export function removeRedirects(redirects: readonly Redirect[]): void {
  if (redirects.length === 0) return;
  const { complaint } = askNft(redirects.map(printRemove).join(""));
  if (complaint !== undefined) for (const redirect of redirects) removeOne(redirect);
}

function removeOne(redirect: Redirect): void {
  askNft(printRemove(redirect));
}

function printAdd({ bridge, subnets }: BridgeTarget, redirects: readonly Redirect[]): string {
  return [
    `add element inet ${table} bridges { "${bridge}" }\n`,
    ...subnets.map(
      (subnet) =>
        `add element inet ${table} turns${subnet.includes(":") ? 6 : 4} { "${bridge}" . ${subnet} }\n`,
    ),
    ...redirects.map(({ map, key, value }) => `add element inet ${table} ${map} { ${key} : ${value} }\n`),
  ].join("");
}

function printRemove({ map, key }: Redirect): string {
  return `delete element inet ${table} ${map} { ${key} }\n`;
}
