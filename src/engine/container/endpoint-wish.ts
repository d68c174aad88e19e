import { checkAddress, defaultName, type NetworkRecord } from "#network";
import type { EndpointWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { aliasInvalid, endpointOptionUnsupported, macInvalid, networkTwice } from "../error.ts";
import { containerId } from "./folder.ts";
import { networkOf } from "./network.ts";

/** The endpoints that a container is to have, each network by its full name. Throws network-unknown and others. */
export function settleEndpoints(engine: Engine, wishes: readonly EndpointWish[]): readonly EndpointWish[] {
  const settled = wishes.map((wish) => settleEndpoint(engine, networkOf(engine, wish.network), wish));
  for (const [index, { network }] of settled.entries())
    if (settled.findIndex((other) => other.network === network) !== index) throw networkTwice(network);
  return settled;
}

export function settleEndpoint(engine: Engine, network: NetworkRecord, wish: EndpointWish): EndpointWish {
  if (wish.ipv4 !== undefined) checkAddress(network, 4, wish.ipv4);
  if (wish.ipv6 !== undefined) checkAddress(network, 6, wish.ipv6);
  const [option] = Object.keys(wish.driverOptions ?? {});
  if (option !== undefined) throw endpointOptionUnsupported(option, network.driver);
  for (const alias of wish.aliases) checkAlias(network, alias);
  const links = wish.links?.map(({ container, alias }) => {
    checkName(alias);
    return { container: containerId(engine, container), alias };
  });
  return {
    ...wish,
    ...(links === undefined ? {} : { links }),
    network: network.name,
    ...(wish.mac === undefined ? {} : { mac: checkMac(wish.mac) }),
  };
}

function checkAlias(network: NetworkRecord, alias: string): void {
  if (network.name === defaultName)
    throw aliasInvalid(
      alias,
      "no names are looked up in the network bridge",
      "make one by `vial network create web`",
    );
  checkName(alias);
}

/** It goes into files of one line for each container: the name server's, /etc/hosts. */
function checkName(alias: string): void {
  if (!/^[a-zA-Z0-9_]([a-zA-Z0-9_.-]{0,251}[a-zA-Z0-9_])?$/.test(alias))
    throw aliasInvalid(alias, 'a name has letters, digits, "_", "." and "-"', 'write it like "db"');
}

/** In small letters, with colons. The lowest bit of the first byte is that of an address for many (IEEE 802). */
function checkMac(text: string): string {
  const mac = text.toLowerCase().replaceAll("-", ":");
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac) || mac === "00:00:00:00:00:00")
    throw macInvalid(text, "it has to be six bytes in hexadecimal digits");
  if ((Number.parseInt(mac.slice(0, 2), 16) & 1) === 1) throw macInvalid(text, "it is an address for many");
  return mac;
}
