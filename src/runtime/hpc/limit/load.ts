import type { LimitGroup } from "./group.ts";
import type { Limits } from "./limits.ts";

/** Makes a control group with limits where there are any: what does so is not loaded for all the other starts. */
export async function loadLimitGroup(limits: Limits | undefined): Promise<LimitGroup | undefined> {
  return limits === undefined ? undefined : (await import("./group.ts")).makeLimitGroup(limits);
}
