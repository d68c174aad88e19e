import { VialError } from "#spec";

interface Place {
  readonly address: string;
  readonly port: number;
  readonly protocol: string;
}

function name({ address, port, protocol }: Place): string {
  return `${address.includes(":") ? `[${address}]` : address}:${port}/${protocol}`;
}

export function portTaken(place: Place, holder: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "port-taken",
    what: `Cannot publish the port ${name(place)}: it is taken`,
    why: `${holder} has it`,
    next: "publish another port, or end what has this one",
  });
}

export function portRangeTaken(first: Place, last: number): VialError {
  return new VialError({
    kind: "conflict",
    code: "port-range-taken",
    what: `Cannot publish a port from ${name(first)} to ${last}: all are taken`,
    next: "choose another range, or leave the port of the host out: the kernel finds a free one",
  });
}

export function portsExhausted(address: string): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "ports-exhausted",
    what: `Cannot find a port that is free at each of ${address}`,
    next: "see what has them by `ss -ltnup`, or name a port",
  });
}

export function hostAddressAbsent(place: Place): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "host-address-absent",
    what: `Cannot publish the port ${name(place)}: the host does not have this address`,
    next: "choose one that `ip address` shows, or 0.0.0.0 for all",
  });
}

export function portPrivileged(place: Place): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "port-privileged",
    what: `Cannot publish the port ${name(place)}: this user may not have it`,
    why: "ports below the number in /proc/sys/net/ipv4/ip_unprivileged_port_start are the administrator's",
    next: "publish one from 1024 on",
  });
}

export function portUnreachable(container: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "port-unreachable",
    what: `Cannot publish a port of the container ${container}: it has no address of its own`,
    next: "give it a network: `--network bridge`",
  });
}
