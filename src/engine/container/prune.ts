import { isVialError } from "#spec";
import { writableBytes } from "../disk-written.ts";
import type { Engine } from "../engine-handle.ts";
import type { ContainerSpec } from "#runtime";
import { removeContainer } from "./remove.ts";
import { sweepContainers } from "./sweep.ts";

export interface PrunedContainers {
  readonly ids: readonly string[];
  /** Bytes on the disk. */
  readonly freed: number;
}

/** Removes every container that does not run and that `fits`; one that is started meanwhile stays. */
export async function pruneContainers(
  engine: Engine,
  fits: (spec: ContainerSpec) => boolean,
): Promise<PrunedContainers> {
  const ids: string[] = [];
  let freed = 0;
  for (const { spec, state, isRestarting } of sweepContainers(engine)) {
    if ((state.status !== "created" && state.status !== "exited") || isRestarting || !fits(spec)) continue;
    const { written } = writableBytes(engine, spec);
    try {
      await removeContainer(engine, spec.id, { force: false });
    } catch (error) {
      if (isVialError(error) && (error.kind === "conflict" || error.kind === "not-found")) continue;
      throw error;
    }
    ids.push(spec.id);
    freed += written;
  }
  return { ids, freed };
}
