import { containerId, type EndpointWish, type NetworkWish, openEngine } from "#engine";
import { optionInvalid, optionsConflict } from "./error.ts";
import type { Flags } from "./parse.ts";

type Changing<T> = { -readonly [Key in keyof T]: T[Key] };

/** What `--network`, as often as it is given, and the flags beside it wish; undefined when nothing is asked for. */
export function readNetworkWish(flags: Flags): NetworkWish | undefined {
  const texts = [...flags.list("network"), ...flags.list("net")];
  const [first, second] = texts;
  const alone = texts.find((text) => text === "none" || text === "host" || text.startsWith("container:"));
  if (alone !== undefined) {
    if (second !== undefined)
      throw optionsConflict(
        `--network ${first}`,
        `--network ${second}`,
        `with ${alone} a container has no others`,
      );
    refuseBeside(flags, alone);
    if (alone === "none" || alone === "host") return alone;
    return { container: containerId(openEngine(), alone.slice("container:".length)) };
  }
  const endpoints = texts.map(readEndpoint);
  const asked = readBeside(flags);
  if (Object.keys(asked).length === 0) return endpoints.length === 0 ? undefined : { endpoints };
  // As in Docker, the flags beside --network are for the first one.
  const [head = { network: "bridge", aliases: [] }, ...others] = endpoints;
  return {
    endpoints: [{ ...head, ...asked, aliases: [...head.aliases, ...(asked.aliases ?? [])] }, ...others],
  };
}

/** `NAME`, or `name=NAME,alias=ALIAS,ip=ADDRESS,ip6=ADDRESS,mac-address=MAC,driver-opt=KEY=VALUE`. */
function readEndpoint(text: string): EndpointWish {
  if (!text.includes("=")) return { network: networkName(text), aliases: [] };
  const wish: Changing<EndpointWish> = { network: "", aliases: [] };
  for (const part of text.split(",")) {
    const equals = part.indexOf("=");
    const [key, value] = [part.slice(0, equals), part.slice(equals + 1)];
    if (equals < 0 || value === "") refuse(text, `${JSON.stringify(part)} is not KEY=VALUE`);
    if (key === "name") wish.network = networkName(value);
    else if (key === "alias") wish.aliases = [...wish.aliases, value];
    else if (key === "ip") wish.ipv4 = value;
    else if (key === "ip6") wish.ipv6 = value;
    else if (key === "mac-address") wish.mac = value;
    else if (key === "driver-opt") wish.driverOptions = { ...wish.driverOptions, ...readDriverOption(value) };
    else refuse(text, `it knows no ${JSON.stringify(key)}`);
  }
  if (wish.network === "") refuse(text, "the name of the network is missing");
  return wish;
}

function refuse(text: string, why: string): never {
  throw optionInvalid("--network", text, why, "--network name=web,alias=db,ip=10.89.0.10");
}

/** Docker's clients say "default" for the network of a container that asks for none. */
function networkName(text: string): string {
  return text === "default" ? "bridge" : text;
}

export function readDriverOption(text: string): Record<string, string> {
  const equals = text.indexOf("=");
  return equals < 0 ? { [text]: "" } : { [text.slice(0, equals)]: text.slice(equals + 1) };
}

function readBeside(flags: Flags): Partial<EndpointWish> {
  const [ipv4, ipv6, mac] = [flags.filled("ip"), flags.filled("ip6"), flags.filled("mac-address")];
  const aliases = flags.list("network-alias");
  const links = flags.list("link").map(readLink);
  return {
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(mac === undefined ? {} : { mac }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(links.length === 0 ? {} : { links }),
  };
}

/** `CONTAINER`, or `CONTAINER:ALIAS`. */
export function readLink(text: string): NonNullable<EndpointWish["links"]>[number] {
  const [, container = "", alias = container] = /^\/?([^:]+)(?::\/?([^:]+))?$/.exec(text) ?? [];
  if (container === "")
    throw optionInvalid("--link", text, "it is not CONTAINER or CONTAINER:ALIAS", "--link db");
  return { container, alias };
}

function refuseBeside(flags: Flags, network: string): void {
  const [name] = ["ip", "ip6", "mac-address", "network-alias", "link"].filter((entry) => flags.has(entry));
  if (name !== undefined)
    throw optionsConflict(
      `--${name}`,
      `--network ${network}`,
      network === "none" ? "it has no network" : "the network belongs to another one",
    );
}
