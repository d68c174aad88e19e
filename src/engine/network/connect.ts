import { Netlink, NetworkNamespace } from "#host";
import {
  defaultName,
  type Endpoint,
  giveBack,
  joinNetwork,
  leaveNetwork,
  setNames,
  type NetworkRecord,
} from "#network";
import type { ContainerSpec, EndpointWish } from "#runtime";
import { settleEndpoint } from "../container/endpoint-wish.ts";
import { rewriteEtc } from "../container/etc.ts";
import {
  type ContainerFolder,
  findContainer,
  lockContainer,
  readSpec,
  writeSpec,
} from "../container/folder.ts";
import { markLinks, tellLinkers } from "../container/links.ts";
import { networkOf, planEndpoint, returnAddresses } from "../container/network.ts";
import { readNetwork, writeNetwork } from "../container/network-record.ts";
import { currentState } from "../container/state.ts";
import type { Engine } from "../engine-handle.ts";
import { networkFixed, notInNetwork, networkTwice } from "../error.ts";
import { recordNetworkEvent } from "../events.ts";
import { findNetwork } from "./list.ts";
import { movePorts } from "./move-ports.ts";

/** Takes a container into a network: at once when it runs, and for its next starts. */
export function connectNetwork(
  engine: Engine,
  network: string,
  container: string,
  wish: Omit<EndpointWish, "network">,
): void {
  const record = recordToJoin(engine, network, container);
  const place = findContainer(engine, container);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  const wishes = endpointsOf(spec, record.name);
  if (wishes.some((entry) => entry.network === record.name)) throw networkTwice(record.name);
  const settled = settleEndpoint(engine, record, { ...wish, network: record.name });
  const pid = runningPid(place);
  if (pid !== undefined) join(engine, spec, place, { record, wish: settled, pid });
  writeSpec(place, { ...spec, network: { endpoints: [...wishes, settled] } });
  markLinks(engine, spec.id, [settled]);
  tellLinkers(engine, place);
  recordNetworkEvent(engine, record, "connect", { container: spec.id });
}

/** Takes a container out of a network. `force`: also when it is not there any more. */
export function disconnectNetwork(
  engine: Engine,
  network: string,
  container: string,
  options: { readonly force: boolean },
): void {
  const record = recordToJoin(engine, network, container);
  const place = findContainer(engine, container);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  const wishes = endpointsOf(spec, record.name);
  const live = readNetwork(place);
  const endpoint = live.endpoints.find((entry) => entry.networkId === record.id);
  if (!wishes.some((entry) => entry.network === record.name) && endpoint === undefined) {
    if (options.force) return;
    throw notInNetwork(spec.name, record.name);
  }
  const pid = runningPid(place);
  if (endpoint !== undefined && pid !== undefined) leave(engine, spec, place, { record, endpoint, pid });
  writeSpec(place, {
    ...spec,
    network: { endpoints: wishes.filter((entry) => entry.network !== record.name) },
  });
  recordNetworkEvent(engine, record, "disconnect", { container: spec.id });
}

function recordToJoin(engine: Engine, network: string, container: string): NetworkRecord {
  const entry = findNetwork(engine, network);
  if (entry.name === defaultName) return networkOf(engine, defaultName);
  if (entry.record === undefined) throw networkFixed(container, entry.name);
  return entry.record;
}

/** Throws network-fixed for a container whose network is the host's, another one's, or none. */
function endpointsOf(spec: ContainerSpec, network: string): readonly EndpointWish[] {
  if (typeof spec.network === "object" && "endpoints" in spec.network) return spec.network.endpoints;
  throw networkFixed(spec.name, network);
}

function runningPid(place: ContainerFolder): number | undefined {
  const state = currentState(place);
  return state.status === "running" || state.status === "paused" ? state.process.pid : undefined;
}

function join(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  {
    record,
    wish,
    pid,
  }: { readonly record: NetworkRecord; readonly wish: EndpointWish; readonly pid: number },
): void {
  const live = readNetwork(place);
  const joining = planEndpoint(engine, spec, record, wish, freeName(live.endpoints));
  try {
    using namespace = NetworkNamespace.ofProcess(pid);
    using host = new Netlink();
    using inside = namespace.within(() => new Netlink());
    const endpoint = joinNetwork(engine.place, { host, inside, namespace }, joining);
    const endpoints = [...live.endpoints, endpoint];
    writeNetwork(place, { endpoints, ports: movePorts(engine, spec, place, endpoints) });
    setNames(engine.place, { id: spec.id, servers: spec.dns, endpoints });
    rewriteEtc(engine, spec, place, endpoints);
  } catch (error) {
    returnAddresses(engine, joining, spec.id);
    throw error;
  }
}

function freeName(endpoints: readonly Endpoint[]): string {
  const taken = new Set(endpoints.map((endpoint) => endpoint.interface));
  for (let index = 0; ; index++) if (!taken.has(`eth${index}`)) return `eth${index}`;
}

function leave(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  {
    record,
    endpoint,
    pid,
  }: { readonly record: NetworkRecord; readonly endpoint: Endpoint; readonly pid: number },
): void {
  const live = readNetwork(place);
  const others = live.endpoints.filter((entry) => entry.endpointId !== endpoint.endpointId);
  using namespace = NetworkNamespace.ofProcess(pid);
  using inside = namespace.within(() => new Netlink());
  leaveNetwork(inside, endpoint, others);
  writeNetwork(place, { endpoints: others, ports: movePorts(engine, spec, place, others) });
  setNames(engine.place, { id: spec.id, servers: spec.dns, endpoints: others });
  rewriteEtc(engine, spec, place, others);
  for (const address of [endpoint.ipv4, endpoint.ipv6])
    if (address !== undefined) giveBack(engine.place, record.id, address, place.id);
}
