import type { Engine } from "../engine-handle.ts";
import { dataFolder, type Volume } from "./record.ts";

/** A volume in the shape of Docker's `GET /volumes/{name}`. */
export function describeVolume(
  engine: Engine,
  volume: Volume,
  usage?: { readonly size: number; readonly users: number },
): Record<string, unknown> {
  return {
    CreatedAt: volume.created.replace(/\.\d+Z$/, "Z"),
    Driver: volume.driver,
    Labels: orNull(volume.labels),
    Mountpoint: dataFolder(engine, volume.name),
    Name: volume.name,
    Options: orNull(volume.options),
    Scope: "local",
    ...(usage === undefined ? {} : { UsageData: { RefCount: usage.users, Size: usage.size } }),
  };
}

/** As Docker shows what was never given. */
function orNull(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> | null {
  return Object.keys(record).length === 0 ? null : record;
}
