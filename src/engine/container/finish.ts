import { existsSync } from "node:fs";
import {
  cgroupMode,
  discardTree,
  inUserNamespace,
  oomKills,
  type ProcessMark,
  removeEmptyCgroup,
} from "#host";
import { type ContainerSpec, runtimeStateFolder } from "#runtime";
import { reasonOf } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { recordEvent, recordVolumeEvent } from "../events.ts";
import { removeAnonymousVolumes } from "../volume/remove.ts";
import { volumesOf } from "../volume/users.ts";
import { cgroupsPathOf, usedCgroupsPath } from "./cgroup-path.ts";
import { driverOf } from "./driver.ts";
import { type ContainerFolder, releaseName } from "./folder.ts";
import { clearBundle } from "./prepare.ts";
import { readState, writeState } from "./state.ts";

/** What is known of a container's end. */
export interface Ending {
  readonly exitCode: number;
  readonly startedAt: string;
  readonly restarts: number;
  readonly error?: string;
  readonly stopped?: boolean;
  /** The process that will start it again. */
  readonly restarter?: ProcessMark;
  /** False: a container that is removed by force leaves its anonymous volumes behind. */
  readonly volumes?: boolean;
}

/**
 * Records the end of a container that runs no more and takes away what its run made: the runtime's state, the control
 * group, the bundle; and the container itself when it was to be removed. May be called again after a kill -9.
 */
export function finishContainer(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  ending: Ending,
): void {
  const group = inUserNamespace() ? usedCgroupsPath(place) : cgroupsPathOf(place);
  const oomKilled =
    existsSync(`${place.bundle}/oom`) || (group !== undefined && oomKills(cgroupMode(), group) > 0);
  deleteFromRuntime(engine, spec, place);
  // A runtime that gave up in the middle of a start has no record, and leaves the control group.
  if (ending.error !== undefined) removeEmptyCgroup(cgroupMode(), group ?? cgroupsPathOf(place));
  recordEvent(engine, spec, "die", { exitCode: String(ending.exitCode) });
  if (oomKilled) recordEvent(engine, spec, "oom");
  for (const name of volumesOf(spec)) recordVolumeEvent(engine, name, "unmount", { container: spec.id });
  if (spec.autoRemove) {
    clearBundle(engine, place);
    deleteContainer(engine, spec, place, { volumes: ending.volumes ?? true });
    return;
  }
  writeState(place, {
    status: "exited",
    exitCode: ending.exitCode,
    startedAt: ending.startedAt,
    finishedAt: new Date().toISOString(),
    oomKilled,
    restarts: ending.restarts,
    ...(ending.error === undefined ? {} : { error: ending.error }),
    ...(ending.stopped === undefined ? {} : { stopped: ending.stopped }),
    ...(ending.restarter === undefined ? {} : { restarter: ending.restarter }),
  });
  // Last, because the exit code lies in it: after a kill -9 before this line it is found again.
  clearBundle(engine, place);
}

/** The control group tells of a kill for memory until the runtime deletes it: read first. Takes the runtime's own record and the control group away, killing what is left in it. */
export function deleteFromRuntime(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  // Without that record there is nothing to do, also where the runtime itself is gone or was never known.
  if (!existsSync(`${runtimeStateFolder(engine.place.run, spec.runtime)}/${place.id}`)) return;
  driverOf(engine, spec).remove(place);
}

/** A start that did not come about leaves an exited container with the reason, or none when it was to be removed. */
export function recordFailedStart(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  startedAt: string,
  exitCode: number,
  cause: unknown,
): void {
  deleteFromRuntime(engine, spec, place);
  finishContainer(engine, spec, place, {
    exitCode,
    startedAt,
    restarts: restartsOf(place),
    error: reasonOf(cause),
  });
}

function restartsOf(place: ContainerFolder): number {
  const state = readState(place);
  return "restarts" in state ? state.restarts : 0;
}

/**
 * Removes a container that does not run: out of sight by one rename, so that it is there whole or not at all. `volumes`:
 * its anonymous volumes go too.
 */
export function deleteContainer(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  options: { readonly volumes: boolean },
): void {
  releaseName(engine, spec.name, spec.id);
  discardTree(`${engine.place.root}/trash`, place.folder, 100);
  recordEvent(engine, spec, "destroy");
  if (options.volumes) removeAnonymousVolumes(engine, spec);
}
