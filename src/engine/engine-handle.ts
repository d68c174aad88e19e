import { hostPlace, type Place } from "#host";
import { openStore, type Store } from "#image";

/** An open engine: where things are. Holds nothing that has to be closed. */
export interface Engine {
  readonly place: Place;
  readonly store: Store;
}

/** Opens the engine of this user. Truth lies on disk, so any number of them may be open, in any number of processes. */
export function openEngine(place: Place = hostPlace()): Engine {
  return { place, store: openStore(place.root) };
}
