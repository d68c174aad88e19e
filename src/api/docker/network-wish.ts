import type { NetworkCreateWish } from "#engine";
import { Fields } from "../fields.ts";
import { badParameter } from "./phrases.ts";

type Subnet = NonNullable<NetworkCreateWish["subnets"]>[number];

const known = new Set([
  "Attachable",
  // Two networks of one name are refused always.
  "CheckDuplicate",
  "ConfigFrom",
  "ConfigOnly",
  "Driver",
  "EnableIPv4",
  "EnableIPv6",
  "IPAM",
  "Ingress",
  "Internal",
  "Labels",
  "Name",
  "Options",
  "Scope",
]);

/** The body of POST /networks/create. The engine refuses what it cannot do. */
export function readNetworkWish(document: unknown): NetworkCreateWish {
  const body = new Fields(document);
  for (const name of body.names)
    if (!known.has(name) && body.raw(name) !== undefined) throw badParameter(`unknown field: ${name}`);
  const name = body.text("Name");
  if (name === undefined) throw badParameter("network name is required");
  const ipam = body.object("IPAM");
  const [driver, scope, ipamDriver] = [body.text("Driver"), body.text("Scope"), ipam.text("Driver")];
  const [ipv4, ipv6] = [body.flag("EnableIPv4"), body.flag("EnableIPv6")];
  const configFrom = body.object("ConfigFrom").text("Network");
  return {
    name,
    subnets: ipam.objects("Config").flatMap(readSubnet),
    internal: body.flag("Internal") ?? false,
    attachable: body.flag("Attachable") ?? false,
    ingress: body.flag("Ingress") ?? false,
    configOnly: body.flag("ConfigOnly") ?? false,
    options: body.pairs("Options"),
    labels: body.pairs("Labels"),
    ipamOptions: ipam.pairs("Options"),
    ...(driver === undefined ? {} : { driver }),
    ...(scope === undefined ? {} : { scope }),
    ...(ipamDriver === undefined ? {} : { ipamDriver }),
    ...(configFrom === undefined ? {} : { configFrom }),
    ...(ipv4 === undefined ? {} : { ipv4 }),
    // Clients say false for what nobody asked for; a subnet of IPv6 asks for it.
    ...(ipv6 === true ? { ipv6 } : {}),
  };
}

/** Clients send a configuration with nothing in it. */
function readSubnet(config: Fields): readonly Subnet[] {
  const [subnet, range, gateway] = ["Subnet", "IPRange", "Gateway"].map((name) => config.text(name));
  // Docker's own Go type calls them so, its description otherwise.
  const auxiliary = { ...config.pairs("AuxiliaryAddresses"), ...config.pairs("AuxAddress") };
  const wish = {
    ...(subnet === undefined ? {} : { subnet }),
    ...(range === undefined ? {} : { range }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(Object.keys(auxiliary).length === 0 ? {} : { auxiliary }),
  };
  return Object.keys(wish).length === 0 ? [] : [wish];
}
