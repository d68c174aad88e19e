import { inUserNamespace } from "#host";
import { defaultName, defaultNetwork, findRecord, listRecords, type NetworkRecord } from "#network";
import type { Engine } from "../engine-handle.ts";
import { isWithoutRecord, networkId, withoutRecord } from "./predefined.ts";

/** A network as it is listed: one that Vial makes, or `host` and `none`, which have nothing of their own. */
export interface NetworkEntry {
  readonly id: string;
  readonly name: string;
  /** RFC 3339 */
  readonly created: string;
  readonly driver: "bridge" | "macvlan" | "host" | "null";
  readonly scope: "local";
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly record: NetworkRecord | undefined;
}

const never = "0001-01-01T00:00:00Z";

/** The default network is listed before it is made. */
function predefinedEntry(engine: Engine, name: "bridge" | keyof typeof withoutRecord): NetworkEntry {
  return {
    id: networkId(engine, name),
    name,
    created: never,
    driver: name === "bridge" ? "bridge" : withoutRecord[name],
    scope: "local",
    internal: false,
    ipv6: false,
    labels: {},
    record: undefined,
  };
}

function entryOfRecord(record: NetworkRecord): NetworkEntry {
  const { id, name, created, driver, internal, ipv6, labels } = record;
  return { id, name, created, driver, scope: "local", internal, ipv6, labels, record };
}

/** Every network, the predefined ones too, by name. */
export function listNetworks(engine: Engine): readonly NetworkEntry[] {
  const records = listRecords(engine.place).map(entryOfRecord);
  const predefined = [
    ...(records.some(({ name }) => name === defaultName) ? [] : [predefinedEntry(engine, defaultName)]),
    ...(Object.keys(withoutRecord) as (keyof typeof withoutRecord)[]).map((name) =>
      predefinedEntry(engine, name),
    ),
  ];
  return [...records, ...predefined].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A network by name, id or the beginning of its id. Throws network-unknown, network-ambiguous. */
export function findNetwork(engine: Engine, text: string): NetworkEntry {
  if (isWithoutRecord(text)) return predefinedEntry(engine, text);
  if (text === defaultName || text === "default")
    return inUserNamespace()
      ? predefinedEntry(engine, defaultName)
      : entryOfRecord(defaultNetwork(engine.place));
  const predefined = /^[0-9a-f]{12,64}$/.test(text)
    ? listNetworks(engine).find(({ id, record }) => record === undefined && id.startsWith(text))
    : undefined;
  return predefined ?? entryOfRecord(findRecord(engine.place, text));
}
