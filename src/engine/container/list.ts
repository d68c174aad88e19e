import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerFolder, listIds, readSpec } from "./folder.ts";
import { currentState, exitFile, type LiveState } from "./state.ts";

export interface ContainerEntry {
  readonly spec: ContainerSpec;
  readonly state: LiveState;
  /** The code that conmon wrote for a container whose end nobody has recorded. */
  readonly unrecordedExit: number | undefined;
}

/** Every container, the newest first. */
export function listContainers(engine: Engine): readonly ContainerEntry[] {
  const entries = listIds(engine).flatMap((id) => {
    const place = containerFolder(engine, id);
    try {
      const spec = readSpec(place);
      const state = currentState(place);
      return [{ spec, state, unrecordedExit: state.status === "dead" ? exitFile(place) : undefined }];
    } catch {
      // Removed between the listing and the look, or cut short by a kill -9: it is no container.
      return [];
    }
  });
  return entries.sort((a, b) => (a.spec.created < b.spec.created ? 1 : -1));
}
