import {
  callApart,
  type ContainerEntry,
  describeContainer,
  type Engine,
  entryOf,
  execIdsOf,
  findContainer,
} from "#engine";
import type { ApiVersion } from "../api-version.ts";
import type { Answer, Exchange } from "../route.ts";
import { networksOf } from "./endpoint-version.ts";

type Document = Record<string, unknown>;

/** `GET /containers/{id}/json` */
export async function inspectContainer({ engine, params, query, version }: Exchange): Promise<Answer> {
  const { id } = findContainer(engine, params.id ?? "");
  const document = completeInspection(engine, entryOf(engine, id), version);
  if (!query.bool("size")) return { status: 200, json: document };
  const { written, image } = await callApart(engine, "size", id);
  return { status: 200, json: { ...document, SizeRw: written, SizeRootFs: written + image } };
}

/** The engine's description, with what clients of this version also look at. */
export function completeInspection(engine: Engine, entry: ContainerEntry, version: ApiVersion): Document {
  const whole = describeContainer(engine, entry);
  const execIds = execIdsOf(entry.spec.id);
  const { Annotations, ...host } = whole.HostConfig as Document;
  const network = whole.NetworkSettings as Document;
  const isDefaultLog = (host.LogConfig as Document).Type === "k8s-file";
  return {
    ...whole,
    // Those that this server knows of.
    ExecIDs: execIds.length === 0 ? null : execIds,
    HostConfig: {
      ...unsetHostConfig,
      ...host,
      ...(version >= 43 ? { Annotations } : {}),
      // Clients read the log by the API only of drivers that they know to have one (compose 1.29).
      ...(isDefaultLog ? { LogConfig: { ...(host.LogConfig as Document), Type: "json-file" } } : {}),
    },
    NetworkSettings: {
      HairpinMode: false,
      LinkLocalIPv6Address: "",
      LinkLocalIPv6PrefixLen: 0,
      SecondaryIPAddresses: null,
      SecondaryIPv6Addresses: null,
      ...network,
      Networks: networksOf(version, (network.Networks ?? {}) as Record<string, Document>, entry.spec.id),
    },
  };
}

/** What Vial never sets, in the words of dockerd for it. */
const unsetHostConfig = {
  BlkioDeviceReadBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceWriteIOps: null,
  BlkioWeight: 0,
  BlkioWeightDevice: null,
  Cgroup: "",
  CgroupParent: "",
  ContainerIDFile: "",
  CpuCount: 0,
  CpuPercent: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  IOMaximumBandwidth: 0,
  IOMaximumIOps: 0,
  Isolation: "",
  Links: null,
  MaskedPaths: null,
  MemorySwappiness: null,
  OomKillDisable: false,
  ReadonlyPaths: null,
  UsernsMode: "",
  VolumeDriver: "",
  VolumesFrom: null,
};
