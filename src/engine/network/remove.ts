import { networkInUse, networkPredefined, type NetworkRecord, takeAway } from "#network";
import { isVialError } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { recordNetworkEvent } from "../events.ts";
import { findNetwork, listNetworks, type NetworkEntry } from "./list.ts";
import { membersOf, namesOfUsers } from "./members.ts";
import { isPredefined } from "./predefined.ts";

/** Removes a network in which no container runs. Gives its id. Throws network-in-use, network-predefined, network-unknown. */
export function removeNetwork(engine: Engine, text: string): string {
  const { record, name } = findNetwork(engine, text);
  if (record === undefined || isPredefined(name)) throw networkPredefined(name, "remove");
  remove(engine, record, () => membersOf(engine, record.id).map(({ spec }) => spec.name));
  return record.id;
}

function remove(engine: Engine, record: NetworkRecord, users: () => readonly string[]): void {
  takeAway(engine.place, record, () => {
    const names = users();
    if (names.length > 0) throw networkInUse(record.name, names);
  });
  recordNetworkEvent(engine, record, "destroy");
}

/** Removes the networks that no container is in or will be in, and that `fits`. Gives their names. */
export function pruneNetworks(engine: Engine, fits: (network: NetworkEntry) => boolean): readonly string[] {
  return listNetworks(engine).flatMap((network) => {
    const { name, record } = network;
    if (record === undefined || isPredefined(name) || !fits(network)) return [];
    try {
      remove(engine, record, () => namesOfUsers(engine, name));
    } catch (error) {
      if (isVialError(error) && error.code === "network-in-use") return [];
      throw error;
    }
    return [name];
  });
}
