import { filterNetworks, listNetworks, type NetworkEntry, networkFilters, openEngine } from "#engine";
import type { Command } from "../command.ts";
import { parseFilters } from "../filter.ts";
import { boolFlag, listFlag, listFormatFlag } from "../flag.ts";
import { type Listing, printList, type Row } from "../format.ts";
import { printGoTime } from "../moment.ts";
import { out } from "../print.ts";

export const command: Command = {
  name: "network ls",
  usage: "[OPTIONS]",
  summary: "List the networks",
  flags: [
    listFlag(
      "filter",
      "filter",
      "Show only networks that fit: driver=NAME, id=ID, name=PART,\nlabel=KEY[=VALUE], scope=local, type=builtin|custom,\ndangling=true|false",
      "f",
    ),
    listFormatFlag,
    boolFlag("no-trunc", "Print IDs in full"),
    boolFlag("quiet", "Print IDs alone", "q"),
  ],
  args: [0, 0],
  run(flags) {
    const engine = openEngine();
    const filters = parseFilters(flags.list("filter"), networkFilters);
    const full = flags.bool("no-trunc");
    const rows = filterNetworks(engine, listNetworks(engine), filters).map((entry) => rowOf(entry, full));
    const format = flags.text("format") ?? (flags.bool("quiet") ? "{{.ID}}" : undefined);
    out(printList(listing, rows, format));
    return 0;
  },
};

export const listing: Listing = {
  headers: {
    CreatedAt: "CREATED AT",
    Driver: "DRIVER",
    ID: "NETWORK ID",
    IPv6: "IPV6",
    Internal: "INTERNAL",
    Label: (name: string) => (name.split(".").at(-1) ?? "").replaceAll(/[-_]/g, " "),
    Labels: "LABELS",
    Name: "NAME",
    Scope: "SCOPE",
  },
  table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
};

function rowOf(entry: NetworkEntry, full: boolean): Row {
  const labels = Object.entries(entry.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    CreatedAt: printGoTime(entry.created),
    Driver: entry.driver,
    ID: full ? entry.id : entry.id.slice(0, 12),
    IPv6: String(entry.ipv6),
    Internal: String(entry.internal),
    Label: (name: string) => entry.labels[name] ?? "",
    Labels: labels.map(([name, value]) => `${name}=${value}`).join(","),
    Name: entry.name,
    Scope: entry.scope,
  };
}
