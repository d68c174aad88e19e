import { readFileSync } from "node:fs";
import type { Endpoint } from "#network";
import type { ContainerSpec } from "#runtime";

/** What a resolv.conf(5) says. */
export interface Resolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export function parseResolver(text: string): Resolver {
  const servers: string[] = [];
  let search: readonly string[] = [];
  const options: string[] = [];
  for (const line of text.split("\n")) {
    const [word, ...values] = line.trim().split(/\s+/);
    if (word === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (word === "search" || word === "domain") search = values;
    else if (word === "options") options.push(...values);
  }
  return { servers, search, options };
}

/** What systemd-resolved asks itself, where /etc/resolv.conf names its own loopback address alone. */
const behindLoopback = "/run/systemd/resolve/resolv.conf";
/** Docker's choice for a host whose name servers cannot be reached from a container. */
const publicServers = ["8.8.8.8", "8.8.4.4"];

export function readHostResolver(path = "/etc/resolv.conf"): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function isLoopback(server: string): boolean {
  return /^127\.|^::1$|^::ffff:127\./.test(server);
}

/**
 * The resolv.conf of a container: that of the host where it shares its network; else the servers that were asked for, the name
 * server of its networks, or those servers of the host that it can reach.
 */
export function makeResolvConf(
  spec: Pick<ContainerSpec, "network" | "dns" | "dnsSearch" | "dnsOptions">,
  endpoints: readonly Endpoint[],
  read: (path?: string) => string,
): string {
  const nothingAsked = spec.dns.length + spec.dnsSearch.length + spec.dnsOptions.length === 0;
  if (spec.network === "none" && nothingAsked) return "";
  if (spec.network === "host" && nothingAsked) return read();
  const host: Resolver =
    spec.network === "none" ? { servers: [], search: [], options: [] } : parseResolver(read());
  return printResolver({
    servers: chooseServers(spec, endpoints, host, read),
    search: spec.dnsSearch.length === 0 ? host.search : spec.dnsSearch.filter((domain) => domain !== "."),
    options: spec.dnsOptions.length === 0 ? host.options : spec.dnsOptions,
  });
}

function chooseServers(
  spec: Pick<ContainerSpec, "network" | "dns">,
  endpoints: readonly Endpoint[],
  host: Resolver,
  read: (path?: string) => string,
): readonly string[] {
  const ours = endpoints.flatMap(({ nameServers }) => nameServers ?? []);
  // Each of them knows all that this container may, and more than three are not asked (resolv.conf(5)).
  if (ours.length > 0) return ours.slice(0, 3);
  if (spec.dns.length > 0) return spec.dns;
  if (spec.network === "host" || spec.network === "none") return host.servers;
  const reachable = host.servers.filter((server) => !isLoopback(server));
  if (reachable.length > 0) return reachable;
  const behind = parseResolver(read(behindLoopback)).servers.filter((server) => !isLoopback(server));
  return behind.length > 0 ? behind : publicServers;
}

function printResolver({ servers, search, options }: Resolver): string {
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(search.length === 0 ? [] : [`search ${search.join(" ")}\n`]),
    ...(options.length === 0 ? [] : [`options ${options.join(" ")}\n`]),
  ].join("");
}
