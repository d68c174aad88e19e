import { type ContainerSpec, makeResources, type Resources } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { memorySwapUnfit, restartOfTransient, updateFailed } from "../error.ts";
import { recordEvent } from "../events.ts";
import { usedCgroupsPath } from "./cgroup-path.ts";
import { driverOf } from "./driver.ts";
import { findContainer, lockContainer, readSpec, writeSpec } from "./folder.ts";
import { swapAccounting } from "./prepare.ts";
import { currentState } from "./state.ts";
import { changePorts, changePortsLive, type PortChange } from "./update-ports.ts";

/** PID_MAX_LIMIT of 64-bit kernels: a machine never has more. */
const mostProcesses = 4194304;

export interface UpdateWish {
  readonly resources: ContainerSpec["resources"];
  readonly restart: ContainerSpec["restart"] | undefined;
  readonly ports?: PortChange;
}

/** Changes limits, restart policy and published ports; of a running container at once. */
export function updateContainer(engine: Engine, name: string, wish: UpdateWish): void {
  const place = findContainer(engine, name);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  if (spec.autoRemove && wish.restart !== undefined && wish.restart.name !== "no")
    throw restartOfTransient(name);
  const changed = {
    ...spec,
    resources: changeResources(name, spec.resources, wish.resources),
    restart: wish.restart ?? spec.restart,
  };
  const state = currentState(place);
  if (Object.keys(wish.resources).length > 0 && (state.status === "running" || state.status === "paused")) {
    // Without one of its own, crun 1.8 would write into the control group of whoever calls it.
    if (usedCgroupsPath(place) === undefined)
      throw updateFailed(name, "it has no control group: its user may not use them on this host");
    const { devices: _, ...resources } = makeResources(
      { ...changed, devices: [] },
      { swapAccounting: swapAccounting(), devices: [] },
    );
    // At creation no limit is the absence of one. Here a number has to be said, for crun 1.8 cannot write "max".
    if ((changed.resources.pidsLimit ?? 1) <= 0) resources.pids = { limit: mostProcesses };
    const said = driverOf(engine, spec).update(place, resources);
    if (said !== undefined) throw updateFailed(name, said);
  }
  const isUp = state.status === "running" || state.status === "paused";
  const ports =
    wish.ports === undefined
      ? {}
      : isUp
        ? changePortsLive(engine, place, spec, wish.ports)
        : changePorts(spec, wish.ports, []);
  writeSpec(place, { ...changed, ...ports });
  recordEvent(engine, changed, "update");
}

/** The last word on CPU time wins, whichever of its two forms it has. */
function changeResources(name: string, before: Resources, wish: Resources): Resources {
  const { cpus: _, cpuQuota, cpuPeriod, ...rest } = before;
  const kept =
    wish.cpus !== undefined
      ? rest
      : wish.cpuQuota !== undefined || wish.cpuPeriod !== undefined
        ? { ...rest, ...defined({ cpuQuota, cpuPeriod }) }
        : before;
  const after = { ...kept, ...wish };
  const { memory, memorySwap } = after;
  if (memorySwap !== undefined && memorySwap !== -1 && memorySwap < (memory ?? Number.POSITIVE_INFINITY))
    throw memorySwapUnfit(name, memorySwap, memory);
  return after;
}

function defined(values: {
  readonly cpuQuota: number | undefined;
  readonly cpuPeriod: number | undefined;
}): Resources {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
