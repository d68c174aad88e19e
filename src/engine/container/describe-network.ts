import type { Endpoint, PublishedPort } from "#network";
import type { ContainerSpec, EndpointWish } from "#runtime";
import type { ContainerNetwork } from "./network-record.ts";

/** Docker's word for the network of a container, and what `--network` would be given. */
export function networkMode({ network }: Pick<ContainerSpec, "network">): string {
  if (typeof network === "string") return network;
  return "container" in network
    ? `container:${network.container}`
    : (network.endpoints[0]?.network ?? "none");
}

/** Every network of a container by its name. */
export function networkNames({ network }: Pick<ContainerSpec, "network">): readonly string[] {
  if (typeof network === "string") return [network];
  return "container" in network ? [] : network.endpoints.map((endpoint) => endpoint.network);
}

/** Neither `none` nor `host` gives a container an address of its own. Scripts read these fields all the same. */
const noEndpoint = {
  EndpointID: "",
  Gateway: "",
  GlobalIPv6Address: "",
  GlobalIPv6PrefixLen: 0,
  IPAddress: "",
  IPPrefixLen: 0,
  IPv6Gateway: "",
  MacAddress: "",
};

/** The part `NetworkSettings` of Docker's `GET /containers/{id}/json`. `idOf` gives the id of a network by its name. */
export function describeNetworkSettings(
  spec: Pick<ContainerSpec, "id" | "network" | "exposedPorts">,
  live: ContainerNetwork,
  idOf: (network: string) => string,
): Record<string, unknown> {
  const { network } = spec;
  const ofDefault = live.endpoints.find((endpoint) => endpoint.network === "bridge");
  return {
    Bridge: "",
    SandboxID: live.endpoints.length === 0 ? "" : spec.id,
    SandboxKey: "",
    Ports: describePorts(spec, live),
    // The fields of the first days, from before there was more than one network.
    ...(ofDefault === undefined ? noEndpoint : describeAddresses(ofDefault)),
    Networks:
      typeof network === "string"
        ? { [network]: { ...describeWish(undefined), NetworkID: idOf(network) } }
        : "container" in network
          ? {}
          : Object.fromEntries(
              network.endpoints.map((wish) => {
                const endpoint = live.endpoints.find((entry) => entry.network === wish.network);
                return [
                  wish.network,
                  {
                    ...describeWish(wish),
                    ...(endpoint === undefined ? {} : describeAddresses(endpoint)),
                    NetworkID: endpoint?.networkId ?? idOf(wish.network),
                    DNSNames: endpoint === undefined || endpoint.names.length === 0 ? null : endpoint.names,
                  },
                ];
              }),
            ),
  };
}

function describeWish(wish: EndpointWish | undefined): Record<string, unknown> {
  const { ipv4, ipv6 } = wish ?? {};
  const { aliases = [], links = [] } = wish ?? {};
  return {
    IPAMConfig:
      ipv4 === undefined && ipv6 === undefined
        ? null
        : {
            ...(ipv4 === undefined ? {} : { IPv4Address: ipv4 }),
            ...(ipv6 === undefined ? {} : { IPv6Address: ipv6 }),
          },
    Links:
      links.length === 0 ? null : links.map(({ container, alias }) => `${container.slice(0, 12)}:${alias}`),
    Aliases: aliases.length === 0 ? null : aliases,
    DriverOpts: null,
    ...noEndpoint,
    MacAddress: wish?.mac ?? "",
    DNSNames: null,
  };
}

function describeAddresses(endpoint: Endpoint): typeof noEndpoint {
  return {
    EndpointID: endpoint.endpointId,
    Gateway: endpoint.gateway4 ?? "",
    GlobalIPv6Address: endpoint.ipv6 ?? "",
    GlobalIPv6PrefixLen: endpoint.ipv6Prefix ?? 0,
    IPAddress: endpoint.ipv4 ?? "",
    IPPrefixLen: endpoint.ipv4Prefix ?? 0,
    IPv6Gateway: endpoint.gateway6 ?? "",
    MacAddress: endpoint.mac,
  };
}

interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** Of a container that runs: where each port leads, and null for one that is only said to be used. */
function describePorts(
  spec: Pick<ContainerSpec, "exposedPorts">,
  live: ContainerNetwork,
): Record<string, readonly Binding[] | null> {
  const ports: Record<string, Binding[] | null> = {};
  if (live.endpoints.length > 0) for (const port of spec.exposedPorts) ports[port] = null;
  for (const port of live.ports) {
    const name = `${port.containerPort}/${port.protocol}`;
    ports[name] = [...(ports[name] ?? []), bindingOf(port)];
  }
  return ports;
}

function bindingOf({ hostAddress, hostPort }: PublishedPort): Binding {
  return { HostIp: hostAddress, HostPort: String(hostPort) };
}
