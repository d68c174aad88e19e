import { type Partition, type SifFile, squashfsRoot } from "#sif";
import type { ContainerDefaults } from "#spec";
import { otherConfig, readOciConfig } from "../sif-image.ts";

/** What a SIF file says of its image beside the files. */
export function readSifDefaults(file: SifFile): {
  /** Undefined: no config of the OCI travelled along. */
  readonly defaults: ContainerDefaults | undefined;
  /** Seconds since 1970. */
  readonly seconds: number;
  /** Undefined: it names none. */
  readonly architecture: Exclude<Partition["extra"]["architecture"], "unknown"> | undefined;
} {
  const { architecture } = squashfsRoot(file).extra;
  return {
    defaults: readOciConfig(file),
    seconds: Math.max(0, file.header.createdAt),
    architecture: architecture === "unknown" ? undefined : architecture,
  };
}

export function packingDefaults(hasActions: boolean): ContainerDefaults {
  return otherConfig(hasActions);
}
