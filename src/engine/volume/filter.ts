import { type Filters, hasLabel, parseTruth } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { listVolumes, type Volume } from "./record.ts";
import { volumeUsers } from "./users.ts";

export const volumeFilters = ["dangling", "driver", "label", "name"] as const;

/** The volumes that pass every filter. Of one filter any value will do; of labels all are needed (Docker's rule). */
export function filterVolumes(engine: Engine, filters: Filters): readonly Volume[] {
  const dangling = filters.get("dangling")?.map((text) => parseTruth("dangling", text));
  const users = dangling === undefined ? undefined : volumeUsers(engine);
  const any = (key: string, fits: (value: string) => boolean) => filters.get(key)?.some(fits) ?? true;
  return listVolumes(engine).filter(
    (volume) =>
      (dangling === undefined || dangling.includes(users?.has(volume.name) !== true)) &&
      any("driver", (driver) => volume.driver === driver) &&
      any("name", (part) => volume.name.includes(part)) &&
      (filters.get("label") ?? []).every((wanted) => hasLabel(volume.labels, wanted)),
  );
}

/** Of `volume prune`. */
export const volumePruneFilters = ["all", "label", "label!"] as const;

/** The wish of pruneVolumes() by filters: `all=true`, labels that are needed and labels that keep a volume. */
export function prunableVolumes(filters: Filters): {
  readonly all: boolean;
  readonly fits: (volume: Volume) => boolean;
} {
  return {
    all: filters.get("all")?.some((text) => parseTruth("all", text)) ?? false,
    fits: ({ labels }) =>
      (filters.get("label") ?? []).every((wanted) => hasLabel(labels, wanted)) &&
      !(filters.get("label!") ?? []).some((unwanted) => hasLabel(labels, unwanted)),
  };
}
