import type { PortRemoval, PortWish } from "#engine";
import { optionInvalid } from "./error.ts";

// The words for published ports: `--publish`, by Docker's grammar.

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Each port has a process that listens: beyond this a container had better have an address that others reach. */
const mostPorts = 256;

/** Parses every `-p [[ADDRESS:][HOSTPORT[-END]]:]PORT[-END][/tcp|udp]` of a command. */
export function parsePublished(texts: readonly string[], flag = "--publish"): readonly PortWish[] {
  const wishes = texts.flatMap((text) => parsePublish(text, flag));
  const seen = new Set<string>();
  for (const { hostAddress, hostPort, hostPortEnd, protocol } of wishes) {
    if (hostPort === undefined || hostPortEnd !== undefined) continue;
    const door = `${hostAddress ?? ""} ${hostPort}/${protocol}`;
    if (seen.has(door))
      throw optionInvalid(
        flag,
        texts.join(" "),
        `it publishes the port ${hostPort}/${protocol} of the host twice`,
        "leave one of the two out",
      );
    seen.add(door);
  }
  if (wishes.length > mostPorts)
    throw optionInvalid(
      flag,
      texts.join(" "),
      `it publishes ${wishes.length} ports, and a container can have ${mostPorts}`,
      "--network host, and the program listens on the host itself",
    );
  return wishes;
}

function parsePublish(text: string, flag: string): readonly PortWish[] {
  const refuse = (why: string, next = `${flag} 127.0.0.1:8080:80/tcp`): never => {
    throw optionInvalid(flag, text, why, next);
  };
  const match = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(?:([^:]*):)?([^:/]+)(?:\/(\w+))?$/.exec(text);
  if (match === null) return refuse("it is not [[ADDRESS:]HOSTPORT:]PORT[/tcp|udp]");
  const [, ipv6, before, middle, inside = "", word] = match;
  // Of two parts the first is a port; of three it is an address.
  const host = middle ?? (ipv6 === undefined ? before : undefined);
  const address = ipv6 ?? (middle === undefined ? undefined : before);
  if (ipv6 !== undefined && middle === undefined)
    return refuse("the port of the host is missing behind the address", `${flag} [${ipv6}]::${inside}`);
  if (ipv6?.includes(":") === false) return refuse(`"[${ipv6}]" is no address of IPv6`);
  const protocol = word?.toLowerCase() ?? "tcp";
  if (protocol === "sctp")
    return refuse(
      "Vial leads TCP and UDP alone into containers",
      "--network host, and SCTP on the host itself",
    );
  if (protocol !== "tcp" && protocol !== "udp")
    return refuse(`there is no protocol ${JSON.stringify(protocol)}`);
  const hostAddress = address === undefined || address === "" ? undefined : readAddress(address);
  if (hostAddress === null) return refuse(`${JSON.stringify(address)} is no address of IPv4 or IPv6`);
  const to = readRange(inside, 1) ?? refuse(`${JSON.stringify(inside)} is no port from 1 to 65535`);
  const from =
    host === undefined || host === ""
      ? undefined
      : (readRange(host, 0) ?? refuse(`${JSON.stringify(host)} is no port from 0 to 65535`));
  const wish = { ...(hostAddress === undefined ? {} : { hostAddress }), protocol } as const;
  if (from !== undefined && size(to) === 1 && size(from) > 1)
    return [{ ...wish, hostPort: from.first, hostPortEnd: from.last, containerPort: to.first }];
  if (from !== undefined && size(from) !== size(to))
    return refuse(`${size(from)} ports of the host are not as many as ${size(to)} of the container`);
  // Checked before a list of them is made.
  if (size(to) > mostPorts) return refuse(`a container can have ${mostPorts} published ports`);
  return Array.from({ length: size(to) }, (_, index) => ({
    ...wish,
    // As in Docker, 0 is any.
    ...(from === undefined || from.first === 0 ? {} : { hostPort: from.first + index }),
    containerPort: to.first + index,
  }));
}

/** A wish that names no address, for every address of both families. */
export function everywhere(wish: PortWish): readonly PortWish[] {
  if (wish.hostAddress !== undefined) return [wish];
  return ["0.0.0.0", "::"].map((hostAddress) => ({ ...wish, hostAddress }));
}

/** Parses `--publish-rm [ADDRESS:]HOSTPORT[/tcp|udp]`. */
export function parseRemoval(text: string): PortRemoval {
  const match = /^(?:(?:\[([^\]]*)\]|([^:[\]]*)):)?(\d{1,5})(?:\/(tcp|udp))?$/.exec(text);
  const [, ipv6, ipv4, port, protocol = "tcp"] = match ?? [];
  const address = ipv6 ?? ipv4;
  const hostAddress = address === undefined ? undefined : readAddress(address);
  if (match === null || hostAddress === null || Number(port) < 1 || Number(port) > 65535)
    throw optionInvalid(
      "--publish-rm",
      text,
      "it is not [ADDRESS:]HOSTPORT[/tcp|udp]: the port of the host is meant",
      "--publish-rm 8080",
    );
  return {
    ...(hostAddress === undefined ? {} : { hostAddress }),
    hostPort: Number(port),
    protocol: protocol === "udp" ? "udp" : "tcp",
  };
}

function size({ first, last }: Range): number {
  return last - first + 1;
}

function readRange(text: string, least: number): Range | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const isRange = match[2] !== undefined;
  return first >= (isRange ? 1 : least) && last <= 65535 && last >= first ? { first, last } : undefined;
}

/** The address in its one way of writing, or null when it is none. */
function readAddress(text: string): string | null {
  if (text.includes(":")) {
    const url = /^[0-9a-fA-F:.]+$/.test(text) ? `http://[${text}]/` : "";
    return URL.canParse(url) ? new URL(url).hostname.slice(1, -1) : null;
  }
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
    ? text
    : null;
}
