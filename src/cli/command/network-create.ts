import { createNetwork, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { readPairs } from "../container-wish.ts";
import { boolFlag, listFlag, textFlag } from "../flag.ts";
import { outLine } from "../print.ts";
import { readSubnets } from "../subnet-wish.ts";

export const command: Command = {
  name: "network create",
  usage: "[OPTIONS] NETWORK",
  summary: "Make a network for containers",
  flags: [
    boolFlag("attachable", "Let anybody join it (it is always so here)"),
    listFlag("aux-address", "name=address", "An address of a subnet that no container gets"),
    textFlag("config-from", "network", "Not here: it belongs to a swarm"),
    boolFlag("config-only", "Not here: it belongs to a swarm"),
    textFlag("driver", "bridge|macvlan", "How it is made (default bridge)", "d"),
    listFlag("gateway", "address", "The host's address in a subnet; of a macvlan that of the router"),
    boolFlag("ingress", "Not here: it belongs to a swarm"),
    boolFlag("internal", "Nothing goes out of it, and nobody comes in"),
    listFlag("ip-range", "range", "The part of a subnet from which addresses are given"),
    textFlag("ipam-driver", "name", "Who gives addresses: default"),
    listFlag("ipam-opt", "name=value", "Options of who gives addresses (there are none)"),
    boolFlag("ipv4", "With IPv4 (default true)"),
    boolFlag("ipv6", "With IPv6"),
    listFlag("label", "name=value", "Set a label"),
    listFlag(
      "opt",
      "name=value",
      "Option of the driver: com.docker.network.bridge.name,\n...enable_icc, ...enable_ip_masquerade, ...host_binding_ipv4,\ncom.docker.network.driver.mtu; of a macvlan parent, macvlan_mode",
      "o",
    ),
    textFlag("scope", "local", "Where it reaches: local"),
    listFlag("subnet", "range", "Its addresses, such as 10.89.5.0/24 (default: a free range)"),
  ],
  examples: [
    "vial network create web",
    "vial network create --subnet 10.89.5.0/24 --ip-range 10.89.5.128/25 web",
    "vial network create --ipv6 --internal back",
  ],
  args: [1, 1],
  run(flags, [name = ""]) {
    const [driver, scope, ipamDriver, configFrom] = ["driver", "scope", "ipam-driver", "config-from"].map(
      (flag) => flags.filled(flag),
    );
    const ipv4 = flags.boolOr("ipv4", undefined);
    const ipv6 = flags.boolOr("ipv6", undefined);
    const { id, warning } = createNetwork(openEngine(), {
      name,
      subnets: readSubnets(flags),
      internal: flags.bool("internal"),
      attachable: flags.bool("attachable"),
      ingress: flags.bool("ingress"),
      configOnly: flags.bool("config-only"),
      options: readPairs("--opt", flags.list("opt")),
      labels: readPairs("--label", flags.list("label")),
      ipamOptions: readPairs("--ipam-opt", flags.list("ipam-opt")),
      ...(driver === undefined ? {} : { driver }),
      ...(scope === undefined ? {} : { scope }),
      ...(ipamDriver === undefined ? {} : { ipamDriver }),
      ...(configFrom === undefined ? {} : { configFrom }),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
    });
    if (warning !== "") console.error(`vial: warning: ${warning}`);
    outLine(id);
    return 0;
  },
};
