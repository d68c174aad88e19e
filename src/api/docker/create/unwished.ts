import type { Fields } from "../../fields.ts";
import { badParameter } from "../phrases.ts";

// The fields of the API that Vial does nothing for. The value that a client sends when nobody has asked for anything counts as
// not wished; anything else is refused with the sentence, so that nothing is swallowed.

/** Why a field other than its default is refused. */
export interface Unwished {
  readonly because: string;
  /** Values beside null, 0, "", false and what is empty, that mean nothing. */
  readonly also?: readonly unknown[];
}

const windows: Unwished = { because: "it is for Windows" };
const blockDevices: Unwished = { because: "Vial sets no limits of block devices" };
const realtime: Unwished = { because: "Vial sets no limits of real-time scheduling" };

/** By the path of the field in the body of `POST /containers/create`. */
export const unwishedConfig: Readonly<Record<string, Unwished>> = {
  ArgsEscaped: windows,
  OnBuild: { because: "only builds have triggers: give them to a commit by `changes`" },
  Shell: { because: "the shell of an image is set by its Dockerfile" },
};

export const unwishedHostConfig: Readonly<Record<string, Unwished>> = {
  BlkioWeight: blockDevices,
  BlkioWeightDevice: blockDevices,
  BlkioDeviceReadBps: blockDevices,
  BlkioDeviceWriteBps: blockDevices,
  BlkioDeviceReadIOps: blockDevices,
  BlkioDeviceWriteIOps: blockDevices,
  CgroupParent: { because: "Vial chooses the control group of a container" },
  Cgroup: { because: "the control group of another container cannot be joined" },
  CpuCount: windows,
  CpuPercent: windows,
  CpuRealtimePeriod: realtime,
  CpuRealtimeRuntime: realtime,
  DeviceCgroupRules: { because: "devices are given one by one, by Devices" },
  IOMaximumBandwidth: windows,
  IOMaximumIOps: windows,
  Isolation: { because: "it is for Windows", also: ["default"] },
  KernelMemory: { because: "the kernel has no such limit any more" },
  KernelMemoryTCP: { because: "the kernel has no such limit any more" },
  MemorySwappiness: { because: "Vial sets no swappiness", also: [-1] },
  OomKillDisable: { because: "a container out of memory would stand still for ever" },
  StorageOpt: { because: "the writable layer of a container has no size of its own" },
  UsernsMode: { because: "containers share the users of the one who serves", also: ["host"] },
  VolumeDriver: { because: "there is the driver local alone", also: ["local"] },
};

/** Fields that tell of the client. Nothing depends on them, in dockerd as here. */
export const toldConfig: readonly string[] = ["AttachStdin", "AttachStdout", "AttachStderr"];
export const toldHostConfig: readonly string[] = ["ContainerIDFile"];

/** Refuses the first field of the table that is wished. */
export function refuseUnwished(fields: Fields, table: Readonly<Record<string, Unwished>>): void {
  for (const [name, { because, also = [] }] of Object.entries(table)) {
    const value = fields.raw(name);
    if (isNothing(value) || also.includes(value)) continue;
    throw badParameter(`${fields.path(name)} is not supported: ${because}`);
  }
}

/** Names that are not in the API: clients of other versions send them, and dockerd ignores them. One sentence each. */
export function warnOfUnknown(fields: Fields, known: ReadonlySet<string>): readonly string[] {
  return fields.names
    .filter((name) => !known.has(name) && !isNothing(fields.raw(name)))
    .map((name) => `the field ${fields.path(name)} is unknown and has no effect`);
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === 0 || value === "" || value === false) return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}
