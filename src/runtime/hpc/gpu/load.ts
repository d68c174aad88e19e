import type { GpuWish } from "../wish.ts";

/** Loads what finds graphics drivers, where the wish has one. */
export async function loadGpuPlanner(wishes: readonly GpuWish[]) {
  return wishes.length === 0 ? undefined : (await import("./gpu.ts")).planGpus;
}
