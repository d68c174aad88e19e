import { toldConfig, toldHostConfig, unwishedConfig, unwishedHostConfig } from "./unwished.ts";

// Every field of the description, by what is done with it. Held against the description in test/api-shapes.test.ts.

/** Fields of the body, and of ContainerConfig, that act. */
export const actingConfig: readonly string[] = [
  "Cmd",
  "Domainname",
  "Entrypoint",
  "Env",
  "ExposedPorts",
  "Healthcheck",
  "HostConfig",
  "Hostname",
  "Image",
  "Labels",
  "MacAddress",
  "NetworkDisabled",
  "NetworkingConfig",
  "OpenStdin",
  "StdinOnce",
  "StopSignal",
  "StopTimeout",
  "Tty",
  "User",
  "Volumes",
  "WorkingDir",
];

/** Fields of HostConfig that act. */
export const actingHostConfig: readonly string[] = [
  "Annotations",
  "AutoRemove",
  "Binds",
  "CapAdd",
  "CapDrop",
  "CgroupnsMode",
  "CpuPeriod",
  "CpuQuota",
  "ConsoleSize",
  "CpuShares",
  "CpusetCpus",
  "CpusetMems",
  "Devices",
  "Dns",
  "DnsOptions",
  "DnsSearch",
  "ExtraHosts",
  "GroupAdd",
  "Init",
  "IpcMode",
  "LogConfig",
  "MaskedPaths",
  "Memory",
  "MemoryReservation",
  "MemorySwap",
  "Mounts",
  "NanoCpus",
  "NetworkMode",
  "OomScoreAdj",
  "Links",
  "PidMode",
  "PidsLimit",
  "PortBindings",
  "Privileged",
  "PublishAllPorts",
  "ReadonlyPaths",
  "ReadonlyRootfs",
  "RestartPolicy",
  "Runtime",
  "SecurityOpt",
  "ShmSize",
  "Sysctls",
  "Tmpfs",
  "UTSMode",
  "Ulimits",
  "VolumesFrom",
];

/** dockerode repeats what it has put into the query. */
const repeated = ["name", "platform"];

export const knownConfig: ReadonlySet<string> = new Set([
  ...actingConfig,
  ...toldConfig,
  ...Object.keys(unwishedConfig),
  ...repeated,
]);
/** DeviceRequests is refused in dockerd's own words. */
export const knownHostConfig: ReadonlySet<string> = new Set([
  ...actingHostConfig,
  ...toldHostConfig,
  ...Object.keys(unwishedHostConfig),
  "DeviceRequests",
]);

/** Of EndpointSettings: the second half is what the engine answers, and clients send back. */
export const knownEndpoint: ReadonlySet<string> = new Set([
  "Aliases",
  "DriverOpts",
  "GwPriority",
  "IPAMConfig",
  "Links",
  "MacAddress",
  "DNSNames",
  "EndpointID",
  "Gateway",
  "GlobalIPv6Address",
  "GlobalIPv6PrefixLen",
  "IPAddress",
  "IPPrefixLen",
  "IPv6Gateway",
  "NetworkID",
]);
