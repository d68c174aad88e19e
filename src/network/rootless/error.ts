import { VialError } from "#spec";

export function userNetworkFailed(why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "user-network-failed",
    what: "Cannot give the container a network",
    why,
    next: "run it with --network none, with --network host, or as root",
  });
}

export function userNetworkClosed(why: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "user-network-closed",
    what: "Cannot give an ordinary user's container a network",
    why,
    next: "`chmod 666 /dev/net/tun` and `apt-get install passt` as root; or run it with --network none or host",
  });
}
