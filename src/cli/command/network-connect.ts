import { connectNetwork, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { listFlag, textFlag } from "../flag.ts";
import { readDriverOption, readLink } from "../network-wish.ts";

export const command: Command = {
  name: "network connect",
  usage: "[OPTIONS] NETWORK CONTAINER",
  summary: "Take a container into a network, while it runs or for its next start",
  flags: [
    listFlag("alias", "name", "Another name by which others in the network find it"),
    listFlag("driver-opt", "name=value", "Option of the driver for this container"),
    textFlag("ip", "address", "Its IPv4 address"),
    listFlag("link", "container[:alias]", "A name of its own for another container of the network"),
    textFlag("ip6", "address", "Its IPv6 address"),
  ],
  examples: ["vial network connect --alias db back postgres"],
  args: [2, 2],
  run(flags, [network = "", container = ""]) {
    const [ipv4, ipv6] = [flags.filled("ip"), flags.filled("ip6")];
    const links = flags.list("link").map(readLink);
    const options = flags.list("driver-opt").map(readDriverOption);
    connectNetwork(openEngine(), network, container, {
      aliases: flags.list("alias"),
      ...(ipv4 === undefined ? {} : { ipv4 }),
      ...(ipv6 === undefined ? {} : { ipv6 }),
      ...(links.length === 0 ? {} : { links }),
      ...(options.length === 0
        ? {}
        : { driverOptions: Object.assign({}, ...options) as Record<string, string> }),
    });
    return 0;
  },
};
