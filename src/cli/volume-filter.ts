import { type Engine, listVolumes, type Volume, volumeUsers } from "#engine";
import { type Filters, hasLabel } from "./filter.ts";
import { parseTruth } from "./image-filter.ts";

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
