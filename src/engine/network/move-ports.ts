import type { Endpoint, PublishedPort } from "#network";
import type { ContainerSpec } from "#runtime";
import type { ContainerFolder } from "../container/folder.ts";
import { networkOf } from "../container/network.ts";
import { readNetwork } from "../container/network-record.ts";
import {
  closeContainerPorts,
  openContainerPorts,
  portTarget,
  portWishes,
  publishContainerPorts,
} from "../container/ports.ts";
import type { Engine } from "../engine-handle.ts";

/**
 * Lets the published ports of a container that runs follow it into a network or out of one, when they lead to another address
 * from then on. They keep their numbers on the host. Gives what is published afterwards.
 */
export function movePorts(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  after: readonly Endpoint[],
): readonly PublishedPort[] {
  const { ports, endpoints } = readNetwork(place);
  const joinedAfter = withNetworks(engine, after);
  const [from, to] = [portTarget(withNetworks(engine, endpoints)), portTarget(joinedAfter)];
  if (JSON.stringify(from) === JSON.stringify(to)) return ports;
  if (from !== undefined) closeContainerPorts(engine, place);
  if (to === undefined) return [];
  const published = publishContainerPorts(
    engine,
    spec.id,
    from === undefined ? portWishes(spec) : ports,
    joinedAfter,
  );
  openContainerPorts(engine, place);
  return published;
}

function withNetworks(engine: Engine, endpoints: readonly Endpoint[]) {
  return endpoints.map((endpoint) => ({ endpoint, network: networkOf(engine, endpoint.network) }));
}
