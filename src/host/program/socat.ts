// socat(1): a relay between two addresses, for what the packet filter cannot do. One process listens, and has a child for
// each connection.

/** Where a relay listens and where it connects to. IPv6 addresses without brackets. */
export interface RelayWish {
  readonly protocol: "tcp" | "udp";
  readonly listen: { readonly address: string; readonly port: number };
  readonly connect: RelayAim;
  /** With the address `::`: IPv4 too. */
  readonly bothFamilies: boolean;
  /** A word on the command line by which the relay is known. */
  readonly mark: string;
  /** A user whose rights are enough for what strangers send; only root can change to it. */
  readonly user?: string;
}

/** `inside`: a process in whose network namespace the port is, on its loopback; `nsenter` is the path of that program. */
export type RelayAim =
  | { readonly address: string; readonly port: number }
  | { readonly inside: number; readonly port: number; readonly nsenter: string };

/** So long a connection may live on after one side has said that it is done: seconds. */
const halfClosed = 3600;
/** So long a client that sends by UDP is remembered: seconds. */
const udpSilence = 60;
const mostConnections = 1024;

export function socatRelayArgs(wish: RelayWish): readonly string[] {
  const { listen, connect, protocol } = wish;
  const isV6 = listen.address.includes(":");
  const kind = protocol.toUpperCase();
  const options = [
    `bind=${bracketed(listen.address)}`,
    ...(isV6 ? [`ipv6only=${wish.bothFamilies ? 0 : 1}`] : []),
    "reuseaddr",
    "fork",
    `max-children=${mostConnections}`,
    ...(protocol === "tcp" ? ["backlog=512", "nodelay"] : []),
    ...(wish.user === undefined ? [] : [`su=${wish.user}`]),
  ];
  return [
    `-lp${wish.mark}`,
    patience(protocol),
    "-b65536",
    [`${kind}${isV6 ? 6 : 4}-LISTEN:${listen.port}`, ...options].join(","),
    printAim(protocol, connect),
  ];
}

function patience(protocol: "tcp" | "udp"): string {
  return protocol === "tcp" ? `-t${halfClosed}` : `-T${udpSilence}`;
}

function printAim(protocol: "tcp" | "udp", aim: RelayAim): string {
  const kind = protocol.toUpperCase();
  if ("address" in aim) {
    const family = aim.address.includes(":") ? 6 : 4;
    return `${kind}${family}:${bracketed(aim.address)}:${aim.port}${protocol === "tcp" ? ",nodelay" : ""}`;
  }
  // One more of its kind for each connection, in there. Of UDP each packet stays one.
  const words = `${aim.nsenter} --net=/proc/${aim.inside}/ns/net socat ${patience(protocol)} STDIO`;
  return `EXEC:${words} ${kind}4\\:127.0.0.1\\:${aim.port}${protocol === "udp" ? ",socktype=2" : ""}`;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}
