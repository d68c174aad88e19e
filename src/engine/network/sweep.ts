import { listRecords, sweepBridges, sweepLeases, sweepNames } from "#network";
import { isUp } from "../container/ports.ts";
import type { Engine } from "../engine-handle.ts";

/** Takes away what a kill -9 left of networks: addresses of containers that are up no more, bridges that nobody knows. */
export function sweepNetworks(engine: Engine): void {
  const networks = listRecords(engine.place);
  // Who has never made one has left nothing; an ordinary user makes none.
  if (networks.length === 0) return;
  for (const network of networks) sweepLeases(engine.place, network, (id) => isUp(engine, id));
  sweepNames(engine.place, (id) => isUp(engine, id));
  sweepBridges(engine.place);
}
