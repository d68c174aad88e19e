import { existsSync, rmSync } from "node:fs";
import {
  cgroupMode,
  oomKills,
  removeSmallTree,
  runSync,
  runtimeGlobalArgs,
  setAside,
  sweepTrash,
} from "#host";
import { chooseRuntime, type ContainerSpec, enterRuntimeMounts } from "#runtime";
import { reasonOf } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
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
  const oomKilled = existsSync(`${place.bundle}/oom`) || oomKills(cgroupMode(), cgroupsPathOf(place)) > 0;
  deleteFromRuntime(engine, spec, place);
  clearBundle(place);
  recordEvent(engine, spec, "die", { exitCode: String(ending.exitCode) });
  if (oomKilled) recordEvent(engine, spec, "oom");
  if (spec.autoRemove) {
    deleteContainer(engine, spec, place);
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
  });
}

/** The control group tells of a kill for memory until the runtime deletes it: read first. Takes the runtime's own record and the control group away, killing what is left in it. */
export function deleteFromRuntime(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  const runtime = chooseRuntime(spec.runtime, engine.place.run);
  if (!existsSync(`${runtime.root}/${place.id}`)) return;
  enterRuntimeMounts(runtime);
  const log = `${engine.place.run}/delete.log`;
  runSync(runtime.program, [...runtimeGlobalArgs(runtime, log), "delete", "--force", place.id]);
}

export function cgroupsPathOf(place: ContainerFolder): string {
  return `/vial-${place.id.slice(0, 16)}`;
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

/** Removes a container that does not run: at once when there is little, else out of sight and then in the background. */
export function deleteContainer(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  const trash = `${engine.place.root}/trash`;
  releaseName(engine, spec.name, spec.id);
  // First, so that a kill -9 from here on leaves no container, only litter that `sweep` takes away.
  rmSync(`${place.folder}/spec.json`, { force: true });
  if (!removeSmallTree(place.folder, 100)) {
    setAside(trash, place.folder);
    sweepTrash(trash);
  }
  recordEvent(engine, spec, "destroy");
}
