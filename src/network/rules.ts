import { askNft, hasNftTable, type Place, runNft } from "#host";
import { parseRange } from "./address.ts";
import type { NetworkRecord } from "./record.ts";

// What the packet filter does for our networks, in one table of our own. To accept a packet here ends this table's say alone:
// every rule of the host's own firewall is still asked, and may drop it.

/** One for each root of Vial, for each knows its own networks. */
export function tableName(place: Place): string {
  if (place.root === "/var/lib/vial") return "vial-net";
  return `vial-net-${Bun.hash(place.root).toString(16)}`;
}

/** The whole table, in place of the one that is there. Interface names and ranges were checked when the networks were made. */
export function printRules(table: string, networks: readonly NetworkRecord[]): string {
  const bridges = networks.filter(({ driver }) => driver === "bridge");
  const open = bridges.filter(({ isolated }) => !isolated);
  const internal = bridges.filter((network) => network.internal);
  return `table inet ${table} {}
delete table inet ${table}
table inet ${table} {
${printSet("bridges", "ifname", bridges.map(quoteInterface))}
${printSet("internal", "ifname", internal.map(quoteInterface))}
${printSet(
  "same",
  "ifname . ifname",
  open.map((network) => `${quoteInterface(network)} . ${quoteInterface(network)}`),
)}
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname @same accept
    iifname @internal drop
    oifname @internal drop
    iifname @bridges oifname @bridges ct state established,related accept
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
${bridges.flatMap(printMasquerade).join("")}  }
}
`;
}

function quoteInterface({ interface: name }: NetworkRecord): string {
  return `"${name}"`;
}

function printSet(name: string, type: string, elements: readonly string[]): string {
  const content = elements.length === 0 ? "" : `    elements = { ${elements.join(", ")} }\n`;
  return `  set ${name} {\n    type ${type}\n${content}  }`;
}

function printMasquerade(network: NetworkRecord): readonly string[] {
  if (!network.masquerade || network.internal) return [];
  return network.subnets.map(({ subnet }) => {
    const family = parseRange(subnet)?.family === 6 ? "ip6" : "ip";
    return `    ${family} saddr ${subnet} oifname != "${network.interface}" masquerade\n`;
  });
}

/** Sets the rules for these networks. Throws nft-refused, program-missing. */
export function setRules(place: Place, networks: readonly NetworkRecord[]): void {
  runNft(printRules(tableName(place), networks));
}

/** For the last network of a root that goes. */
export function dropRules(place: Place): void {
  askNft(`delete table inet ${tableName(place)}`);
}

/** Whether the table is there: a reboot or an admin's `nft flush ruleset` takes it away. */
export function hasRules(place: Place): boolean {
  return hasNftTable(tableName(place));
}
