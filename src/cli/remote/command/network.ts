import { readPairs } from "../../container-wish.ts";
import { outLine } from "../../print.ts";
import type { RemoteCommand } from "../remote-command.ts";
import { documentOf, textOf } from "../row.ts";

export const networkCreate: RemoteCommand = {
  flags:
    "attachable driver gateway internal ip-range ipv4 ipv6 ipam-driver ipam-opt label opt subnet aux-address".split(
      " ",
    ),
  async run(engine, flags, [name = ""]) {
    const list = (flag: string) => (flags.has(flag) ? flags.list(flag) : []);
    const bool = (flag: string) => flags.has(flag) && flags.bool(flag);
    const [gateways, ranges] = [list("gateway"), list("ip-range")];
    const answer = await engine.ask("POST", "/networks/create", {
      json: {
        Name: name,
        Driver: flags.text("driver") ?? "bridge",
        Internal: bool("internal"),
        Attachable: bool("attachable"),
        ...(flags.has("ipv6") ? { EnableIPv6: bool("ipv6") } : {}),
        ...(flags.has("ipv4") ? { EnableIPv4: bool("ipv4") } : {}),
        IPAM: {
          Driver: (flags.has("ipam-driver") ? flags.text("ipam-driver") : undefined) ?? "default",
          Options: readPairs("--ipam-opt", list("ipam-opt")),
          // As Docker pairs them: by the order in which they are given.
          Config: list("subnet").map((Subnet, index) => ({
            Subnet,
            ...(gateways[index] === undefined ? {} : { Gateway: gateways[index] }),
            ...(ranges[index] === undefined ? {} : { IPRange: ranges[index] }),
            ...(index === 0 ? { AuxiliaryAddresses: readPairs("--aux-address", list("aux-address")) } : {}),
          })),
        },
        Options: readPairs("--opt", list("opt")),
        Labels: readPairs("--label", list("label")),
      },
    });
    outLine(textOf(documentOf(answer).Id));
    return 0;
  },
};

export const networkConnect: RemoteCommand = {
  flags: ["alias", "driver-opt", "ip", "ip6"],
  async run(engine, flags, [network = "", container = ""]) {
    const text = (flag: string) => (flags.has(flag) ? flags.text(flag) : undefined);
    const list = (flag: string) => (flags.has(flag) ? flags.list(flag) : []);
    await engine.ask("POST", `/networks/${encodeURIComponent(network)}/connect`, {
      json: {
        Container: container,
        EndpointConfig: {
          IPAMConfig: { IPv4Address: text("ip") ?? "", IPv6Address: text("ip6") ?? "" },
          Aliases: list("alias"),
          DriverOpts: readPairs("--driver-opt", list("driver-opt")),
        },
      },
    });
    return 0;
  },
};

export const networkDisconnect: RemoteCommand = {
  flags: ["force"],
  async run(engine, flags, [network = "", container = ""]) {
    await engine.ask("POST", `/networks/${encodeURIComponent(network)}/disconnect`, {
      json: { Container: container, Force: flags.bool("force") },
    });
    return 0;
  },
};
