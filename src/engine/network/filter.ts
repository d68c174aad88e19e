import { type Filters, filterValueInvalid, hasLabel } from "#spec";
import type { Engine } from "../engine-handle.ts";
import type { NetworkEntry } from "./list.ts";
import { namesOfUsers } from "./members.ts";
import { isPredefined } from "./predefined.ts";

export const networkFilters = ["dangling", "driver", "id", "label", "name", "scope", "type"];

/** The networks that pass every filter. Of one filter any value will do; of labels all are needed (Docker's rule). */
export function filterNetworks(
  engine: Engine,
  entries: readonly NetworkEntry[],
  filters: Filters,
): readonly NetworkEntry[] {
  const any = (name: string, fits: (value: string) => boolean) => filters.get(name)?.some(fits) ?? true;
  return entries.filter(
    (entry) =>
      any("driver", (value) => entry.driver === value) &&
      any("id", (value) => entry.id.startsWith(value)) &&
      any("name", (value) => entry.name.includes(value)) &&
      any("scope", (value) => entry.scope === value) &&
      any("type", (value) => isPredefined(entry.name) === isBuiltin(value)) &&
      any("dangling", (value) => isDangling(engine, entry) === isTrue(value)) &&
      (filters.get("label") ?? []).every((wanted) => hasLabel(entry.labels, wanted)),
  );
}

function isBuiltin(value: string): boolean {
  if (value !== "builtin" && value !== "custom") throw filterValueInvalid("type", value, "builtin or custom");
  return value === "builtin";
}

function isTrue(value: string): boolean {
  if (!["true", "1", "false", "0"].includes(value))
    throw filterValueInvalid("dangling", value, "true or false");
  return value === "true" || value === "1";
}

/** One that no container is in, or will be. */
function isDangling(engine: Engine, { name }: NetworkEntry): boolean {
  return !isPredefined(name) && namesOfUsers(engine, name).length === 0;
}
