import { isAlive } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerFolder, listIds, readSpec } from "./folder.ts";
import { readHealth } from "./health.ts";
import { currentState, exitFile, type LiveState } from "./state.ts";

export interface ContainerEntry {
  readonly spec: ContainerSpec;
  readonly state: LiveState;
  /** The code that conmon wrote for a container whose end nobody has recorded. */
  readonly unrecordedExit: number | undefined;
  /** Ended, and a process of ours is about to start it again. */
  readonly isRestarting: boolean;
  readonly health: HealthStatus;
}

export type HealthStatus = "none" | "starting" | "healthy" | "unhealthy";

/** One container with its state. Throws container-unknown when it has no spec. */
export function entryOf(engine: Engine, id: string): ContainerEntry {
  const place = containerFolder(engine, id);
  const spec = readSpec(place);
  const state = currentState(place);
  return {
    spec,
    state,
    unrecordedExit: state.status === "dead" ? exitFile(place) : undefined,
    isRestarting:
      state.status === "exited" &&
      state.stopped !== true &&
      state.restarter !== undefined &&
      isAlive(state.restarter),
    health: spec.health === null ? "none" : readHealth(place).status,
  };
}

/** Every container, the newest first. */
export function listContainers(engine: Engine): readonly ContainerEntry[] {
  const entries = listIds(engine).flatMap((id) => {
    try {
      return [entryOf(engine, id)];
    } catch {
      // Removed between the listing and the look, or cut short by a kill -9: it is no container.
      return [];
    }
  });
  return entries.sort((a, b) => (a.spec.created < b.spec.created ? 1 : -1));
}
