import { readdirSync, readFileSync } from "node:fs";
import { discardTree, isAlive, treeBytes } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordVolumeEvent } from "../events.ts";
import { volumeInUse, volumeMountedOn } from "./error.ts";
import {
  findVolume,
  isAnonymous,
  listVolumes,
  readVolume,
  takeVolumes,
  type Volume,
  volumeFolder,
  volumesFolder,
} from "./record.ts";
import { volumesOf, volumeUsers } from "./users.ts";

/** Removes a volume that no container mounts. By force, none is missed. Throws volume-unknown, volume-in-use. */
export function removeVolume(engine: Engine, name: string, options: { readonly force?: boolean } = {}): void {
  using _alone = takeVolumes(engine);
  if (options.force === true && !isThere(engine, name)) return;
  findUnlessDamaged(engine, name);
  const users = volumeUsers(engine).get(name) ?? [];
  if (users.length > 0)
    throw volumeInUse(
      name,
      users.map((spec) => spec.name),
    );
  discard(engine, name);
}

export interface PrunedVolumes {
  readonly names: readonly string[];
  /** Bytes on the disk. */
  readonly freed: number;
}

/** Removes the volumes that no container mounts and that `fits`: the anonymous ones, or all. */
export function pruneVolumes(
  engine: Engine,
  wish: { readonly all: boolean; readonly fits?: (volume: Volume) => boolean },
): PrunedVolumes {
  using _alone = takeVolumes(engine);
  sweepVolumes(engine);
  const users = volumeUsers(engine);
  const names: string[] = [];
  let freed = 0;
  for (const volume of listVolumes(engine)) {
    if (users.has(volume.name) || !(wish.all || isAnonymous(volume)) || wish.fits?.(volume) === false)
      continue;
    if (mountBelow(volumeFolder(engine, volume.name)) !== undefined) continue;
    freed += treeBytes(volumeFolder(engine, volume.name));
    discard(engine, volume.name);
    names.push(volume.name);
  }
  return { names, freed };
}

/** What `rm -v` and `--rm` take with a container that is gone: its anonymous volumes, unless another one mounts them too. */
export function removeAnonymousVolumes(engine: Engine, spec: Pick<ContainerSpec, "mounts">): void {
  const own = new Set(
    spec.mounts.flatMap((mount) => (mount.kind === "volume" && mount.anonymous ? [mount.name] : [])),
  );
  if (own.size === 0) return;
  using _alone = takeVolumes(engine);
  const users = volumeUsers(engine);
  for (const name of volumesOf(spec)) {
    if (!own.has(name) || users.has(name) || !isThere(engine, name)) continue;
    if (mountBelow(volumeFolder(engine, name)) === undefined) discard(engine, name);
  }
}

/** Takes away what processes that were killed have half made. */
export function sweepVolumes(engine: Engine): void {
  for (const name of namesIn(volumesFolder(engine))) {
    const [, pid, startTime] = /^\.new-(\d+)-(\d*)-\d+$/.exec(name) ?? [];
    if (pid === undefined || isAlive({ pid: Number(pid), startTime: startTime ?? "" })) continue;
    discardTree(`${engine.place.root}/trash`, `${volumesFolder(engine)}/${name}`, 100);
  }
}

function discard(engine: Engine, name: string): void {
  const folder = volumeFolder(engine, name);
  const mounted = mountBelow(folder);
  if (mounted !== undefined) throw volumeMountedOn(name, mounted);
  discardTree(`${engine.place.root}/trash`, folder, 100);
  recordVolumeEvent(engine, name, "destroy");
}

/** Also true of a volume whose record is damaged. */
function isThere(engine: Engine, name: string): boolean {
  try {
    return readVolume(engine, name) !== undefined;
  } catch {
    return true;
  }
}

/** Throws volume-unknown. */
function findUnlessDamaged(engine: Engine, name: string): void {
  if (!isThere(engine, name)) findVolume(engine, name);
}

/** Something that a person has mounted in a volume: to remove the files would remove what is theirs (proc(5), mountinfo). */
function mountBelow(folder: string): string | undefined {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .find((place) => place === folder || place.startsWith(`${folder}/`));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
