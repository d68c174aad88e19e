import { inUserNamespace } from "#host";
import { makeNetwork, networkOptionInvalid, networkOptionUnsupported, networkPredefined } from "#network";
import type { Engine } from "../engine-handle.ts";
import { networksNeedRoot } from "../error.ts";
import { recordNetworkEvent } from "../events.ts";
import { isPredefined } from "./predefined.ts";
import type { NetworkCreateWish } from "./wish.ts";

/** Makes a network. `warning` is for the one who asked; empty when all is as it was asked for. */
export function createNetwork(
  engine: Engine,
  wish: NetworkCreateWish,
): { readonly id: string; readonly warning: string } {
  const driver = wish.driver === undefined || wish.driver === "default" ? "bridge" : wish.driver;
  if (isPredefined(wish.name)) throw networkPredefined(wish.name, "make");
  if (driver !== "bridge" && driver !== "macvlan") throw refuseDriver(driver);
  refuseSwarm(wish);
  const ipv4 = wish.ipv4 ?? true;
  const ipv6 = wish.ipv6 ?? wish.subnets?.some(({ subnet }) => subnet?.includes(":")) ?? false;
  if (!ipv4 && !ipv6)
    throw networkOptionInvalid("--ipv4=false", "without --ipv6 there are no addresses", "--ipv6");
  if (inUserNamespace()) throw networksNeedRoot(wish.name);
  const record = makeNetwork(engine.place, {
    name: wish.name,
    driver,
    subnets: wish.subnets ?? [],
    ipv4,
    ipv6,
    internal: wish.internal ?? false,
    attachable: wish.attachable ?? false,
    options: wish.options ?? {},
    labels: wish.labels ?? {},
  });
  recordNetworkEvent(engine, record, "create");
  return { id: record.id, warning: "" };
}

function refuseDriver(driver: string): Error {
  const why =
    driver === "host" || driver === "none" || driver === "null"
      ? "there is one such network, and it is always there"
      : driver === "overlay"
        ? "it joins several hosts, and Vial is one host's"
        : "this version of Vial has the drivers bridge and macvlan";
  return networkOptionUnsupported(`--driver ${driver}`, why, "--driver bridge");
}

/** What belongs to a swarm of hosts, or to plugins. `attachable` is true of every network here. */
function refuseSwarm(wish: NetworkCreateWish): void {
  const refuse = (option: string, why: string): never => {
    throw networkOptionUnsupported(option, why, "leave it out");
  };
  if (wish.ingress === true) refuse("--ingress", "it belongs to a swarm, and Vial is one host's");
  if (wish.configOnly === true) refuse("--config-only", "it belongs to a swarm, and Vial is one host's");
  if (wish.configFrom !== undefined && wish.configFrom !== "")
    refuse("--config-from", "it belongs to a swarm, and Vial is one host's");
  if (wish.scope !== undefined && wish.scope !== "" && wish.scope !== "local")
    refuse(`--scope ${wish.scope}`, "the scope of each network is this host: local");
  if (wish.ipamDriver !== undefined && !["", "default"].includes(wish.ipamDriver))
    refuse(`--ipam-driver ${wish.ipamDriver}`, "Vial gives the addresses itself");
  const [option] = Object.keys(wish.ipamOptions ?? {});
  if (option !== undefined)
    refuse(`--ipam-opt ${option}`, "Vial gives the addresses itself, without options");
}
