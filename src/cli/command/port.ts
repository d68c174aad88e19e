import { containerPorts, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { optionInvalid, portNotLed } from "../error.ts";
import { printHostPort } from "../ports-text.ts";
import { outLine } from "../print.ts";

export const command: Command = {
  name: "port",
  usage: "CONTAINER [PORT[/PROTOCOL]]",
  summary: "List the published ports of a container, or where one of them leads",
  flags: [],
  args: [1, 2],
  run(_flags, [name = "", asked]) {
    const ports = containerPorts(openEngine(), name);
    if (asked === undefined) {
      const lines = ports.map((port) => `${port.containerPort}/${port.protocol} -> ${printHostPort(port)}`);
      for (const line of lines.sort(byNumbers)) outLine(line);
      return 0;
    }
    const match = /^(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(asked);
    if (match === null)
      throw optionInvalid("PORT", asked, "it is not PORT[/tcp|udp]", `vial port ${name} 80/tcp`);
    const [, number, protocol = "tcp"] = match;
    const found = ports.filter((port) => String(port.containerPort) === number && port.protocol === protocol);
    if (found.length === 0) throw portNotLed(name, `${number}/${protocol}`);
    for (const port of found) outLine(printHostPort(port));
    return 0;
  },
};

function byNumbers(a: string, b: string): number {
  return a.localeCompare(b, "en", { numeric: true });
}
