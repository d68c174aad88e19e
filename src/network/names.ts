import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isServed, lockExclusive, type Place, isReadingNames, rereadNames, startNameServer } from "#host";
import { addressBytes, parseAddress } from "./address.ts";
import type { Endpoint } from "./endpoint.ts";
import { nameServerFailed } from "./error.ts";

// The name server's files: one for each network in which names are looked up, and in it a line for each container. A first line
// has the addresses at which it listens, which are those of the bridge. Containers are told apart by the address that they ask
// from: one that is in two networks has its address of each in the file of the other too, so that whichever it asks knows both.

function namesFolder(place: Place): string {
  return `${place.run}/dns/c`;
}

/** A container as the name server is to know it. */
export interface Named {
  readonly id: string;
  /** Who is asked for all other names; empty: the host's own name servers. */
  readonly servers: readonly string[];
  readonly endpoints: readonly Endpoint[];
}

/** The file of one network, as it is and as it is to be: its lines of this container replaced. Empty when nobody is in it. */
export function printNames(before: string, named: Named, networkId: string): string {
  const [, ...lines] = before.split("\n");
  const others = lines.filter((line) => line !== "" && !line.startsWith(`${named.id} `));
  const own = named.endpoints.find((endpoint) => endpoint.networkId === networkId);
  const kept = own === undefined ? others : [...others, ...linesOf(named, own)];
  if (kept.length === 0) return "";
  const listen = own === undefined ? (before.split("\n")[0] ?? "") : (own.nameServers ?? []).join(",");
  return `${[listen, ...kept].join("\n")}\n`;
}

function linesOf(named: Named, own: Endpoint): readonly string[] {
  const line = (endpoint: Endpoint, names: readonly string[], servers: readonly string[]) =>
    [
      named.id,
      endpoint.ipv4 ?? "",
      endpoint.ipv6 ?? "",
      names.join(","),
      ...(servers.length === 0 ? [] : [servers.join(",")]),
    ].join(" ");
  // Of an internal network nothing goes out, and no question either: the server itself does not answer one from the bridge.
  const isInternal = own.gateway4 === undefined && own.gateway6 === undefined;
  const servers = isInternal ? (own.nameServers ?? []).slice(0, 1) : named.servers;
  const elsewhere = named.endpoints.filter((other) => other !== own && other.names.length > 0);
  return [
    line(own, own.names, servers),
    // A name that nobody asks for: with it the address counts as one of this network.
    ...elsewhere.map((other) => line(other, [`_${named.id.slice(0, 12)}`], servers)),
  ];
}

/** Makes the names of a container known in its networks, and takes back those of networks that it is not in any more. */
export function setNames(place: Place, named: Named): void {
  const wanted = new Set(
    named.endpoints.filter(({ names }) => names.length > 0).map(({ networkId }) => networkId),
  );
  const folder = namesFolder(place);
  if (wanted.size === 0 && namedFiles(folder).length === 0) return;
  using _lock = lockExclusive(`${place.run}/dns/lock`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  let isChanged = false;
  for (const id of new Set([...namedFiles(folder), ...wanted]))
    if (changeFile(place, id, named)) isChanged = true;
  if (!isChanged) return;
  if (!rereadNames(folder) && namedFiles(folder).length > 0) startNameServer(folder);
  for (const endpoint of named.endpoints) if (endpoint.names.length > 0) awaitServer(folder, endpoint);
}

/** Takes back the names of containers that are up no more, and starts the name server where it was killed. */
export function sweepNames(place: Place, isUp: (id: string) => boolean): void {
  const folder = namesFolder(place);
  const files = namedFiles(folder);
  const ids = files.flatMap((file) =>
    readOr(`${folder}/${file}`)
      .split("\n")
      .flatMap((line) => /^[0-9a-f]{64}(?= )/.exec(line)?.[0] ?? []),
  );
  for (const id of new Set(ids)) if (!isUp(id)) setNames(place, { id, servers: [], endpoints: [] });
  if (namedFiles(folder).length === 0 || isReadingNames(folder)) return;
  using _lock = lockExclusive(`${place.run}/dns/lock`);
  if (!isReadingNames(folder)) startNameServer(folder);
}

function namedFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
  } catch {
    return [];
  }
}

function changeFile(place: Place, networkId: string, named: Named): boolean {
  const file = `${namesFolder(place)}/${networkId}`;
  const before = readOr(file);
  const after = printNames(before, named, networkId);
  if (after === before) return false;
  if (after === "") rmSync(file, { force: true });
  else {
    // Not beside it: whatever lies there is read.
    writeFileSync(`${place.run}/dns/next`, after, { mode: 0o600 });
    renameSync(`${place.run}/dns/next`, file);
  }
  return true;
}

function readOr(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** Nobody looks at the name server's own complaints: that another program has the port shows in that it does not listen. */
function awaitServer(folder: string, { nameServers = [] }: Endpoint): void {
  const address = nameServers.map(parseAddress).find((found) => found?.family === 4);
  if (address === undefined) return;
  for (let waited = 0; waited < 2000; waited += 2) {
    if (isServed(addressBytes(address))) return;
    // The one that was told was about to end, because the last container before this one had gone.
    if (!isReadingNames(folder)) startNameServer(folder);
    Bun.sleepSync(2);
  }
  throw nameServerFailed(`nobody answers at ${nameServers[0]}, port 53`);
}
