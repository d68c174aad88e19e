import { contentBytes } from "../disk-written.ts";
import type { Engine } from "../engine-handle.ts";
import { dataFolder, listVolumes, type Volume } from "./record.ts";
import { volumeUsers } from "./users.ts";

export interface VolumeUsage {
  readonly volume: Volume;
  /** Bytes of its files on the disk. */
  readonly size: number;
  /** How many containers mount it. */
  readonly users: number;
}

/** Measures the volumes. Walks all their files. */
export function measureVolumes(engine: Engine): readonly VolumeUsage[] {
  const users = volumeUsers(engine);
  return listVolumes(engine).map((volume) => ({
    volume,
    size: contentBytes(dataFolder(engine, volume.name)),
    users: users.get(volume.name)?.length ?? 0,
  }));
}
