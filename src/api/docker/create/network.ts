import { existsSync } from "node:fs";
import { containerId, type CreateWish, type Engine, type NetworkWish } from "#engine";
import { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

type Endpoint = Extract<NetworkWish, { endpoints: unknown }>["endpoints"][number];
type Port = NonNullable<CreateWish["ports"]>[number];

/** The default network by its names in the API. */
const defaultNames = new Set(["", "default", "bridge"]);

/** The network of NetworkMode, with what EndpointsConfig says of it and of others. */
export function readNetwork(engine: Engine, config: Fields, host: Fields, networking: Fields): NetworkWish {
  const mode = host.text("NetworkMode") ?? "";
  if (config.flag("NetworkDisabled") === true || mode === "none") return "none";
  if (mode === "host") return "host";
  if (mode.startsWith("container:"))
    return { container: containerId(engine, mode.slice("container:".length)) };
  const settings = networking.object("EndpointsConfig");
  const first = nameOf(mode);
  const wished = settings.names.map((name) => ({
    name: nameOf(name),
    endpoint: readEndpoint(nameOf(name), settings.object(name)),
  }));
  const own =
    wished.find(({ name }) => name === first)?.endpoint ?? readEndpoint(first, new Fields(undefined));
  const mac = own.mac ?? config.text("MacAddress");
  const links = [...(own.links ?? []), ...host.texts("Links").map(readLink)];
  return {
    endpoints: [
      {
        ...own,
        ...(links.length === 0 ? {} : { links }),
        ...(mac === undefined ? {} : { mac: checkMac(mac) }),
      },
      ...wished.flatMap(({ name, endpoint }) => (name === first ? [] : [endpoint])),
    ],
  };
}

function nameOf(text: string): string {
  return defaultNames.has(text) ? "bridge" : text;
}

/** What a container is to be in one network: EndpointSettings of the API. */
export function readEndpoint(network: string, settings: Fields): Endpoint {
  const ipam = settings.object("IPAMConfig");
  const [ipv4, ipv6, mac] = [ipam.text("IPv4Address"), ipam.text("IPv6Address"), settings.text("MacAddress")];
  if (ipam.texts("LinkLocalIPs").length > 0)
    throw badParameter("IPAMConfig.LinkLocalIPs is not supported: the kernel makes the link-local address");
  if ((settings.number("GwPriority") ?? 0) !== 0)
    throw badParameter("GwPriority is not supported: the network of NetworkMode has the default route");
  const driverOptions = settings.pairs("DriverOpts");
  const links = settings.texts("Links").map(readLink);
  return {
    network,
    ...(ipv4 === undefined ? {} : { ipv4: checkAddress(ipv4) }),
    ...(ipv6 === undefined ? {} : { ipv6: checkAddress(ipv6) }),
    ...(mac === undefined ? {} : { mac: checkMac(mac) }),
    aliases: settings.texts("Aliases"),
    ...(links.length === 0 ? {} : { links }),
    ...(Object.keys(driverOptions).length === 0 ? {} : { driverOptions }),
  };
}

/** "db", "db:alias", and as dockerd prints them "/db:/web/alias". */
export function readLink(text: string): NonNullable<Endpoint["links"]>[number] {
  const [container = "", alias = ""] = text.split(":").map((part) => part.replace(/^.*\//, ""));
  if (container === "") throw badParameter(`bad format for links: ${text}`);
  return { container, alias: alias === "" ? container : alias };
}

/** PortBindings: where nothing says otherwise, all addresses of the host, as Docker's users expect. */
export function readPorts(host: Fields): readonly Port[] {
  const bindings = host.object("PortBindings");
  return bindings.names.flatMap((name) => {
    const { port, protocol } = readPort(name);
    const wishes = bindings.objects(name);
    return (wishes.length === 0 ? [new Fields(undefined)] : wishes).flatMap((wish) => {
      const address = wish.text("HostIp");
      const range = readHostPort(wish.text("HostPort") ?? "");
      return (address === undefined ? allAddresses() : [checkAddress(address)]).map((hostAddress) => ({
        hostAddress,
        ...range,
        containerPort: port,
        protocol,
      }));
    });
  });
}

/** A host without IPv6 has no such sockets. */
function allAddresses(): readonly string[] {
  return existsSync("/proc/net/if_inet6") ? ["0.0.0.0", "::"] : ["0.0.0.0"];
}

export function readPort(text: string): { readonly port: number; readonly protocol: "tcp" | "udp" } {
  const [, number = "", protocol = "tcp"] = /^(\d{1,5})(?:\/([a-z]+))?$/i.exec(text) ?? [];
  const port = Number(number);
  if (port < 1 || port > 65535) throw badParameter(`invalid port specification: "${text}"`);
  const lower = protocol.toLowerCase();
  if (lower === "sctp") throw badParameter(`the port "${text}" is not supported: Vial publishes tcp and udp`);
  if (lower !== "tcp" && lower !== "udp") throw badParameter(`invalid port specification: "${text}"`);
  return { port, protocol: lower };
}

function readHostPort(text: string): Pick<Port, "hostPort" | "hostPortEnd"> {
  if (text === "" || text === "0") return {};
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [first, last] = [Number(from ?? 0), Number(to ?? from ?? 0)];
  if (first < 1 || last > 65535 || last < first) throw badParameter(`invalid port specification: "${text}"`);
  return last === first ? { hostPort: first } : { hostPort: first, hostPortEnd: last };
}

export function checkAddress(text: string): string {
  if (!/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)$/.test(text))
    throw badParameter(`invalid IP address: ${text}`);
  return text;
}

function checkMac(text: string): string {
  if (!/^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$/.test(text))
    throw badParameter(`invalid MAC address: ${text}`);
  return text.toLowerCase().replaceAll("-", ":");
}
