import { readFileSync } from "node:fs";
import { listNft } from "#host";

// Whether the host's own rules could forbid a connection to a program of the host. Packets whose destination we change pass
// by the chains where such rules are (input), so they would not be asked.

type Json = Readonly<Record<string, unknown>>;

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}

/** Changing the destination is done at this priority: chains before it see the packet as it came. */
const dstnat = -100;

/** Asks the kernel. `ours`: how the names of Vial's own tables begin. */
export function hostFirewallForbids(ours = "vial-"): boolean {
  if (legacyTables().length > 0) return true;
  const chains = chainsOf(listNft("list chains"));
  const tables = new Set(
    chains
      .filter((chain) => isAtTheDoor(chain) && !chain.table.startsWith(ours))
      .map(({ family, table }) => `${family} ${table}`),
  );
  return [...tables].some((name) => rulesForbid(listNft(`list table ${name}`)));
}

/** The other packet filter of Linux, whose rules nft(8) does not see; its tables are there once it was used. */
function legacyTables(): readonly string[] {
  return ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"].flatMap((file) => {
    try {
      return readFileSync(file, "utf8")
        .split("\n")
        .filter((name) => name === "filter" || name === "security");
    } catch {
      return [];
    }
  });
}

/** Whether a table, as nft(8) lists it in JSON, can drop or reject what comes to a program of the host. */
export function rulesForbid(objects: readonly Json[]): boolean {
  const chains = chainsOf(objects);
  const doors = chains.filter(isAtTheDoor);
  if (doors.some(({ policy }) => policy === "drop")) return true;
  const rules = objects.flatMap((entry) => (isObject(entry.rule) ? [entry.rule] : []));
  const maps = objects.flatMap((entry) => (isObject(entry.map) ? [entry.map] : []));
  const seen = new Set<string>();
  const waiting = doors.map(({ name }) => name);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    for (const rule of rules.filter(({ chain }) => chain === name)) {
      const verdicts = verdictsIn(rule.expr, maps);
      if (verdicts.has("drop") || verdicts.has("reject") || verdicts.has("queue")) return true;
      // Written by iptables-nft. Beside a verdict it is a condition; alone it is what happens, such as REJECT.
      if (verdicts.has("xt") && verdicts.size === 1) return true;
      for (const verdict of verdicts) if (verdict.startsWith("to ")) waiting.push(verdict.slice(3));
    }
  }
  return false;
}

function isAtTheDoor({ hook, prio = 0 }: Chain): boolean {
  return hook === "input" || (hook === "prerouting" && prio > dstnat);
}

function chainsOf(objects: readonly Json[]): readonly Chain[] {
  return objects.flatMap((entry) => (isObject(entry.chain) ? [entry.chain as unknown as Chain] : []));
}

/** What a rule may come to: "drop", "reject", "queue", "accept", "return", "xt", or "to CHAIN". */
function verdictsIn(expression: unknown, maps: readonly Json[], found = new Set<string>()): Set<string> {
  if (typeof expression === "string" && expression.startsWith("@")) {
    const map = maps.find(({ name }) => name === expression.slice(1));
    if (map?.map === "verdict") verdictsIn(map.elem, maps, found);
  } else if (Array.isArray(expression)) {
    for (const part of expression) verdictsIn(part, maps, found);
  } else if (isObject(expression)) {
    for (const [key, value] of Object.entries(expression)) {
      if (["drop", "reject", "queue", "accept", "return", "xt"].includes(key)) found.add(key);
      else if ((key === "jump" || key === "goto") && isObject(value)) found.add(`to ${String(value.target)}`);
      else verdictsIn(value, maps, found);
    }
  }
  return found;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
