import type { NetworkRecord, SubnetRecord } from "#network";
import type { Engine } from "../engine-handle.ts";
import type { NetworkEntry } from "./list.ts";
import { membersOf } from "./members.ts";

/** A network in the shape of Docker's `GET /networks/{id}`, or of an entry of `GET /networks`, which names no containers. */
export function describeNetwork(
  engine: Engine,
  entry: NetworkEntry,
  containers: "with containers" | "alone" = "with containers",
): Record<string, unknown> {
  const { record } = entry;
  return {
    Name: entry.name,
    Id: entry.id,
    Created: entry.created,
    Scope: entry.scope,
    Driver: entry.driver,
    EnableIPv4: record === undefined || record.subnets.some(({ subnet }) => !subnet.includes(":")),
    EnableIPv6: entry.ipv6,
    IPAM: { Driver: "default", Options: null, Config: record?.subnets.map(describeSubnet) ?? null },
    Internal: entry.internal,
    Attachable: record?.attachable ?? false,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: containers === "alone" || record === undefined ? {} : describeMembers(engine, record),
    Options: record === undefined ? {} : describeOptions(record),
    Labels: entry.labels,
  };
}

function describeSubnet({ subnet, gateway, range, reserved }: SubnetRecord): Record<string, unknown> {
  return {
    Subnet: subnet,
    ...(range === undefined ? {} : { IPRange: range }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(reserved === undefined ? {} : { AuxiliaryAddresses: reserved }),
  };
}

function describeMembers(engine: Engine, { id }: NetworkRecord): Record<string, unknown> {
  const prefixed = (address: string | undefined, prefix: number | undefined) =>
    address === undefined ? "" : `${address}/${prefix}`;
  return Object.fromEntries(
    membersOf(engine, id).map(({ spec, endpoint }) => [
      spec.id,
      {
        Name: spec.name,
        EndpointID: endpoint.endpointId,
        MacAddress: endpoint.mac,
        IPv4Address: prefixed(endpoint.ipv4, endpoint.ipv4Prefix),
        IPv6Address: prefixed(endpoint.ipv6, endpoint.ipv6Prefix),
      },
    ]),
  );
}

/** Docker shows for its default network what it is made with; clients read the bridge's name there. */
function describeOptions(record: NetworkRecord): Record<string, string> {
  if (record.name !== "bridge") return record.options;
  const prefix = "com.docker.network.bridge.";
  return {
    [`${prefix}default_bridge`]: "true",
    [`${prefix}enable_icc`]: "true",
    [`${prefix}enable_ip_masquerade`]: "true",
    [`${prefix}name`]: record.interface,
    "com.docker.network.driver.mtu": "1500",
  };
}
