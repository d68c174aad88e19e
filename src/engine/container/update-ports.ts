import { inUserNamespace } from "#host";
import { type Endpoint, listPorts, type PublishedPort, type PortWish, unpublishSome } from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { portNotPublished, portsNeedNetwork } from "../error.ts";
import type { ContainerFolder } from "./folder.ts";
import { networkOf } from "./network.ts";
import { readNetwork, writeNetwork } from "./network-record.ts";
import {
  type Joined,
  openContainerPorts,
  portWishes,
  publishContainerPorts,
  publishUserPorts,
} from "./ports.ts";

/** A port of the host that is to be published no more; without an address at every one. */
export interface PortRemoval {
  readonly hostAddress?: string;
  readonly hostPort: number;
  readonly protocol: "tcp" | "udp";
}

export interface PortChange {
  readonly add: readonly PortWish[];
  readonly remove: readonly PortRemoval[];
}

type PortsOfSpec = Pick<ContainerSpec, "ports" | "publishAll">;

/** Changes the ports of a container that runs: what is open goes on. Gives what its spec is to say from now on. */
export function changePortsLive(
  engine: Engine,
  place: ContainerFolder,
  spec: ContainerSpec,
  change: PortChange,
): PortsOfSpec {
  const { run } = engine.place;
  const live = readNetwork(place);
  const isUser = inUserNamespace();
  if (change.add.length > 0 && live.endpoints.length === 0 && !isUser) throw portsNeedNetwork(spec.name);
  const published = listPorts(place.id, run);
  const gone = published.filter((port) => change.remove.some((removal) => isMeant(removal, port)));
  const publish = (ports: readonly PortWish[]) =>
    isUser
      ? publishUserPorts(engine, place.id, ports)
      : publishContainerPorts(engine, place.id, ports, joinedOf(engine, live.endpoints));
  const changed = changePorts(spec, change, published);
  unpublishSome(place.id, run, (port) => gone.includes(port) || gone.some((other) => isSame(other, port)));
  try {
    publish(change.add);
  } catch (error) {
    publish(gone);
    openContainerPorts(engine, place);
    throw error;
  }
  openContainerPorts(engine, place);
  writeNetwork(place, { ...live, ports: listPorts(place.id, run) });
  return changed;
}

function joinedOf(engine: Engine, endpoints: readonly Endpoint[]): readonly Joined[] {
  return endpoints.map((endpoint) => ({ endpoint, network: networkOf(engine, endpoint.network) }));
}

/** What the spec of a container says of its ports after a change. `published`: where they are now. Throws port-not-published. */
export function changePorts(
  spec: Pick<ContainerSpec, "name" | "ports" | "publishAll" | "publishAllAt" | "exposedPorts">,
  { add, remove }: PortChange,
  published: readonly PublishedPort[],
): PortsOfSpec {
  if (remove.length === 0) return { ports: [...spec.ports, ...add], publishAll: spec.publishAll };
  let left = portWishes(spec);
  for (const removal of remove) {
    const live = published.filter((port) => isMeant(removal, port));
    const kept = left.filter((wish) => !isWished(removal, wish, live));
    if (kept.length === left.length) throw portNotPublished(spec.name, printRemoval(removal));
    left = kept;
  }
  // Of the exposed ones each is named from now on: one of them may be among those that are gone.
  return { ports: [...left, ...add], publishAll: false };
}

function isMeant(removal: PortRemoval, port: PublishedPort): boolean {
  return (
    removal.hostPort === port.hostPort &&
    removal.protocol === port.protocol &&
    (removal.hostAddress === undefined || removal.hostAddress === port.hostAddress)
  );
}

/** By the number that was asked for, or by that which the kernel or a range gave. */
function isWished(removal: PortRemoval, wish: PortWish, live: readonly PublishedPort[]): boolean {
  if (removal.protocol !== wish.protocol) return false;
  if (removal.hostAddress !== undefined && removal.hostAddress !== wish.hostAddress) {
    // One of the two addresses of loopback cannot go alone.
    return false;
  }
  if (wish.hostPort !== undefined && wish.hostPortEnd === undefined)
    return removal.hostPort === wish.hostPort;
  return live.some((port) => port.containerPort === wish.containerPort);
}

function isSame(a: PublishedPort, b: PublishedPort): boolean {
  return a.hostAddress === b.hostAddress && a.hostPort === b.hostPort && a.protocol === b.protocol;
}

function printRemoval({ hostAddress, hostPort, protocol }: PortRemoval): string {
  const port = `${hostPort}/${protocol}`;
  return hostAddress === undefined ? port : `${hostAddress}:${port}`;
}
