import { type ContainerSpec, makeResources } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { updateFailed } from "../error.ts";
import { recordEvent } from "../events.ts";
import { driverOf } from "./driver.ts";
import { findContainer, lockContainer, readSpec, writeSpec } from "./folder.ts";
import { swapAccounting } from "./prepare.ts";
import { currentState } from "./state.ts";

export interface UpdateWish {
  readonly resources: ContainerSpec["resources"];
  readonly restart: ContainerSpec["restart"] | undefined;
}

/** Changes limits and restart policy; of a running container at once, through the runtime. */
export function updateContainer(engine: Engine, name: string, wish: UpdateWish): void {
  const place = findContainer(engine, name);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  const changed = {
    ...spec,
    resources: { ...spec.resources, ...wish.resources },
    restart: wish.restart ?? spec.restart,
  };
  const state = currentState(place);
  if (Object.keys(wish.resources).length > 0 && (state.status === "running" || state.status === "paused")) {
    const { devices: _, ...resources } = makeResources(
      { ...changed, devices: [] },
      { swapAccounting: swapAccounting(), devices: [] },
    );
    const said = driverOf(engine, spec).update(place, resources);
    if (said !== undefined) throw updateFailed(name, said);
  }
  writeSpec(place, changed);
  recordEvent(engine, changed, "update");
}
