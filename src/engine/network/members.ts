import type { Endpoint } from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { networkNames } from "../container/describe-network.ts";
import { containerFolder } from "../container/folder.ts";
import { listContainers } from "../container/list.ts";
import { readNetwork } from "../container/network-record.ts";

/** A container that is in a network now. */
export interface Member {
  readonly spec: ContainerSpec;
  readonly endpoint: Endpoint;
}

/** The containers that run in a network, by its id. */
export function membersOf(engine: Engine, networkId: string): readonly Member[] {
  return listContainers(engine).flatMap(({ spec, state }) => {
    if (state.status === "created" || state.status === "exited" || state.status === "dead") return [];
    const endpoint = readNetwork(containerFolder(engine, spec.id)).endpoints.find(
      (entry) => entry.networkId === networkId,
    );
    return endpoint === undefined ? [] : [{ spec, endpoint }];
  });
}

/** The names of the containers that will be in a network when they run. */
export function namesOfUsers(engine: Engine, network: string): readonly string[] {
  return listContainers(engine).flatMap(({ spec }) =>
    networkNames(spec).includes(network) ? [spec.name] : [],
  );
}
