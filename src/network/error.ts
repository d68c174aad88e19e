import { nearest } from "#kit";
import { reasonOf, VialError } from "#spec";

export function networkUnknown(text: string, known: readonly string[] = []): VialError {
  const near = nearest(text, known);
  return new VialError({
    kind: "not-found",
    code: "network-unknown",
    what: `Cannot find the network ${JSON.stringify(text)}`,
    why: "no network has this name or an id that begins so",
    next: near === undefined ? "vial network ls" : `did you mean "${near}"?`,
  });
}

export function networkAmbiguous(text: string, names: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "network-ambiguous",
    what: `Cannot tell which network ${JSON.stringify(text)} is`,
    why: `the ids of ${names.length} networks begin so: ${names.slice(0, 4).join(", ")}`,
    next: "give more digits, or the name",
  });
}

export function networkDamaged(name: string, why: string): VialError {
  return new VialError({
    kind: "data-loss",
    code: "network-damaged",
    what: `Cannot read the record of the network ${JSON.stringify(name)}`,
    why,
    next: `remove it by \`vial network rm ${name}\` and make it again`,
  });
}

export function networkExists(name: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "network-exists",
    what: `Cannot make the network ${JSON.stringify(name)}: there is one of this name`,
    next: `use it, remove it by \`vial network rm ${name}\`, or choose another name`,
  });
}

export function networkNameInvalid(name: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "network-name-invalid",
    what: `Cannot use ${JSON.stringify(name)} as the name of a network`,
    why: 'a name is up to 128 letters, digits, "_", "." and "-", and begins with a letter or digit',
    next: 'write it like "web-1"',
  });
}

export function networkPredefined(name: string, action: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "network-predefined",
    what: `Cannot ${action} the network ${JSON.stringify(name)}: it is always there`,
    why: "bridge, host and none are predefined",
    next: "choose another name",
  });
}

export function networkInUse(name: string, containers: readonly string[]): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "network-in-use",
    what: `Cannot remove the network ${JSON.stringify(name)}: containers are in it`,
    why: containers.slice(0, 8).join(", "),
    next: `remove them, or take them out by \`vial network disconnect ${name} ${containers[0] ?? "NAME"}\``,
  });
}

export function networkOptionInvalid(option: string, why: string, next: string): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "network-option-invalid",
    what: `Cannot use ${option} for a network: ${why}`,
    next,
  });
}

export function networkOptionUnsupported(option: string, why: string, next: string): VialError {
  return new VialError({
    kind: "not-implemented",
    code: "network-option-unsupported",
    what: `Cannot use ${option} for a network: ${why}`,
    next,
  });
}

export function subnetOverlaps(subnet: string, other: string): VialError {
  return new VialError({
    kind: "permission-denied",
    code: "subnet-overlaps",
    what: `Cannot use the subnet ${subnet}: it overlaps ${other}`,
    why: "an address would lead to two places",
    next: "leave --subnet out, and a free one is chosen",
  });
}

export function subnetsUsedUp(): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "subnets-used-up",
    what: "Cannot choose a subnet: those that Vial chooses from overlap routes of this host",
    why: "it chooses from 10.88.0.0 up to 10.255.255.0 and 172.20.0.0 up to 172.31.255.0",
    next: "remove networks by `vial network prune`, or give one: --subnet 192.168.50.0/24",
  });
}

export function addressOutside(address: string, network: string, subnets: readonly string[]): VialError {
  return new VialError({
    kind: "invalid-argument",
    code: "address-outside",
    what: `Cannot give the address ${address} in the network ${JSON.stringify(network)}: none of its subnets has it for containers`,
    why: subnets.length === 0 ? "it has no subnet of that kind" : `its subnets are ${subnets.join(", ")}`,
    next: "choose an address in one of them, or leave it out and one is chosen",
  });
}

export function addressTaken(address: string, network: string, holder: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "address-taken",
    what: `Cannot give the address ${address} in the network ${JSON.stringify(network)}: ${holder} has it`,
    next: "choose another one, or leave it out and one is chosen",
  });
}

export function addressesUsedUp(network: string, subnet: string): VialError {
  return new VialError({
    kind: "resource-exhausted",
    code: "addresses-used-up",
    what: `Cannot join the network ${JSON.stringify(network)}: all its addresses are given`,
    why: `its subnet is ${subnet}`,
    next: "stop containers that are in it, or make a network with a larger subnet",
  });
}

export function interfaceTaken(name: string, network: string): VialError {
  return new VialError({
    kind: "conflict",
    code: "interface-taken",
    what: `Cannot make the interface ${name} of the network ${JSON.stringify(network)}: the host has one of this name`,
    why: "Vial changes nothing of an interface that it did not make",
    next: `remove it by \`ip link delete ${name}\`, or make the network with another -o com.docker.network.bridge.name`,
  });
}

export function interfaceMissing(name: string, network: string): VialError {
  return new VialError({
    kind: "failed-precondition",
    code: "interface-missing",
    what: `Cannot join the network ${JSON.stringify(network)}: the host has no interface ${name}`,
    why: "a macvlan stands on an interface of the host",
    next: "give one that `ip link` shows: -o parent=eth0",
  });
}

export function networkSetupFailed(network: string, cause: unknown): VialError {
  return new VialError({
    kind: "unavailable",
    code: "network-setup-failed",
    what: `Cannot set up the network ${JSON.stringify(network)}`,
    why: reasonOf(cause),
    next: "look at `vial doctor`, or run it with --network host or --network none",
    cause,
  });
}

export function nameServerFailed(why: string): VialError {
  return new VialError({
    kind: "unavailable",
    code: "name-server-failed",
    what: "Cannot start the name server of the networks",
    why,
    next: "look who listens at port 53 by `ss -lunp sport = 53`; the default network works without it",
  });
}
