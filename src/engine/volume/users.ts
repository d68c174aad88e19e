import type { ContainerSpec } from "#runtime";
import { containerFolder, listIds, readSpec } from "../container/folder.ts";
import type { Engine } from "../engine-handle.ts";

/** The containers that mount each volume, running or not, by the volume's name. */
export function volumeUsers(engine: Engine): ReadonlyMap<string, readonly ContainerSpec[]> {
  const users = new Map<string, ContainerSpec[]>();
  for (const id of listIds(engine)) {
    const spec = specOf(engine, id);
    for (const name of spec === undefined ? [] : volumesOf(spec)) {
      const known = users.get(name);
      if (known === undefined) users.set(name, [spec!]);
      else known.push(spec!);
    }
  }
  return users;
}

/** The names of the volumes that a container mounts, each once. */
export function volumesOf(spec: Pick<ContainerSpec, "mounts">): ReadonlySet<string> {
  return new Set(spec.mounts.flatMap((mount) => (mount.kind === "volume" ? [mount.name] : [])));
}

/** Undefined for one that was removed meanwhile, or was never whole. */
function specOf(engine: Engine, id: string): ContainerSpec | undefined {
  try {
    return readSpec(containerFolder(engine, id));
  } catch {
    return undefined;
  }
}
