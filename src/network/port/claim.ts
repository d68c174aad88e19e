import { type HeldPort, holdPort, portHolder } from "#host";
import { addressBytes, parseAddress } from "../address.ts";
import { hostAddressAbsent, portPrivileged, portRangeTaken, portsExhausted, portTaken } from "./error.ts";
import type { Publication } from "./wish.ts";

/** A port of the host that is ours, at some addresses. */
export interface Claim {
  readonly publication: Publication;
  readonly hostPort: number;
  readonly addresses: readonly string[];
  readonly held: readonly HeldPort[];
}

export interface ClaimPlace {
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
}

/** Who else, by our own records, has a port: how to call the container, or undefined. */
export type AskRecords = (place: ClaimPlace) => string | undefined;

/** How often the kernel is asked for a number that is free for both families. */
const mostTries = 64;

/**
 * Takes a port of the host at all addresses of a publication. Throws port-taken, port-range-taken, ports-exhausted,
 * host-address-absent, port-privileged.
 */
export function claimPort(publication: Publication, askRecords: AskRecords): Claim {
  const { hostPort, hostPortEnd, addresses } = publication;
  if (hostPort === undefined) {
    for (let tries = 0; tries < mostTries; tries++) {
      const claim = tryPort(publication, 0, askRecords);
      if ("held" in claim) return claim;
    }
    throw portsExhausted(addresses.join(" and "));
  }
  if (hostPortEnd === undefined) {
    const claim = tryPort(publication, hostPort, askRecords);
    if ("held" in claim) return claim;
    throw portTaken(claim, claim.holder ?? nameHolder(claim));
  }
  for (let port = hostPort; port <= hostPortEnd; port++) {
    const claim = tryPort(publication, port, askRecords);
    if ("held" in claim) return claim;
  }
  const { protocol } = publication;
  throw portRangeTaken({ address: addresses[0] ?? "", port: hostPort, protocol }, hostPortEnd);
}

type Taken = ClaimPlace & { readonly holder: string | undefined };

function tryPort(publication: Publication, port: number, askRecords: AskRecords): Claim | Taken {
  const { protocol, optional } = publication;
  const held: HeldPort[] = [];
  const addresses: string[] = [];
  let number = port;
  const giveUp = () => {
    for (const each of held) each[Symbol.dispose]();
  };
  for (const address of publication.addresses) {
    const place = { address, port: number, protocol };
    try {
      const hold = holdPort(protocol, bytesOf(address), number);
      held.push(hold);
      addresses.push(address);
      number = hold.port;
    } catch (error) {
      const { code } = error as { code?: string };
      if ((code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") && optional.includes(address)) continue;
      giveUp();
      if (code === "EADDRINUSE") return { ...place, holder: askRecords(place) };
      throw code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT"
        ? hostAddressAbsent(place)
        : code === "EACCES"
          ? portPrivileged(place)
          : error;
    }
    // Whoever published it a moment ago has let its socket go, and its relay does not listen yet.
    const holder = askRecords({ address, port: number, protocol });
    if (holder === undefined) continue;
    giveUp();
    return { address, port: number, protocol, holder };
  }
  return { publication, hostPort: number, addresses, held };
}

function bytesOf(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return addressBytes(address);
}

function nameHolder({ port, protocol }: ClaimPlace): string {
  const holder = portHolder(protocol, port);
  return holder === undefined
    ? "a program that this user may not see"
    : `the program ${JSON.stringify(holder.name)} (pid ${holder.pid})`;
}
