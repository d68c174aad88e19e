import type { ContainerSpec, MountWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { networkId } from "../network/predefined.ts";
import { describeExposed, describePortBindings } from "./describe-ports.ts";
import { describeNetworkSettings, networkMode } from "./describe-network.ts";
import { dataFolder } from "../volume/record.ts";
import { containerFolder } from "./folder.ts";
import { type Health, readHealth } from "./health.ts";
import type { ContainerEntry } from "./list.ts";
import { readNetwork } from "./network-record.ts";

export type StatusWord = "created" | "running" | "paused" | "restarting" | "exited";

/** Docker's words for where a container is in its life. */
export function statusWord({ state, isRestarting }: ContainerEntry): StatusWord {
  if (isRestarting) return "restarting";
  switch (state.status) {
    case "created":
    case "running":
    case "paused":
    case "exited":
      return state.status;
    case "starting":
      return "created";
    case "dead":
      return "exited";
    default:
      return state satisfies never;
  }
}

/** The exit code as far as it is known; 0 for one that has not ended. */
export function exitCodeOf({ state, unrecordedExit }: ContainerEntry): number {
  if (state.status === "exited") return state.exitCode;
  return state.status === "dead" ? (unrecordedExit ?? 255) : 0;
}

const never = "0001-01-01T00:00:00Z";

/** A container in the shape of Docker's `GET /containers/{id}/json` (API 1.44, ContainerInspectResponse). */
export function describeContainer(engine: Engine, entry: ContainerEntry): Record<string, unknown> {
  const { spec, state } = entry;
  const place = containerFolder(engine, spec.id);
  const live = state.status === "running" || state.status === "paused" ? state : undefined;
  const was = state.status === "dead" ? state.was : state;
  const health = spec.health === null ? undefined : readHealth(place);
  const [path = "", ...args] = [...spec.entrypoint, ...spec.command];
  return {
    Id: spec.id,
    Created: spec.created,
    Path: path,
    Args: args,
    State: {
      Status: statusWord(entry),
      Running: live !== undefined,
      Paused: state.status === "paused",
      Restarting: entry.isRestarting,
      OOMKilled: state.status === "exited" && state.oomKilled,
      Dead: false,
      Pid: live?.process.pid ?? 0,
      ExitCode: exitCodeOf(entry),
      Error: state.status === "exited" ? (state.error ?? "") : "",
      StartedAt: "startedAt" in was ? was.startedAt : never,
      FinishedAt: state.status === "exited" ? state.finishedAt : never,
      Health: health === undefined ? undefined : printHealth(health),
    },
    Image: spec.image.id,
    ResolvConfPath: `${place.bundle}/etc/resolv.conf`,
    HostnamePath: `${place.bundle}/etc/hostname`,
    HostsPath: `${place.bundle}/etc/hosts`,
    LogPath: spec.log.driver === "none" ? "" : `${place.folder}/log`,
    Name: `/${spec.name}`,
    RestartCount: "restarts" in was ? was.restarts : 0,
    Driver: "overlay2",
    Platform: spec.image.platform.split("/")[0] ?? "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: describeHostConfig(spec),
    GraphDriver: {
      Name: "overlay2",
      Data: { UpperDir: `${place.folder}/rw/upper`, WorkDir: `${place.folder}/rw/work` },
    },
    Mounts: spec.mounts.map((mount) => describeMount(engine, mount)),
    Config: describeConfig(spec),
    NetworkSettings: describeNetworkSettings(spec, readNetwork(place), (name) => networkId(engine, name)),
  };
}

function printHealth(health: Health): Record<string, unknown> {
  return { Status: health.status, FailingStreak: health.failingStreak, Log: health.log };
}

function describeMount(engine: Engine, mount: MountWish): Record<string, unknown> {
  if (mount.kind === "tmpfs")
    return {
      Type: "tmpfs",
      Source: "",
      Destination: mount.target,
      Mode: mount.options.join(","),
      RW: !mount.options.includes("ro"),
      Propagation: "",
    };
  if (mount.kind === "volume")
    return {
      Type: "volume",
      Name: mount.name,
      Source: `${dataFolder(engine, mount.name)}${mount.subpath === "" ? "" : `/${mount.subpath}`}`,
      Destination: mount.target,
      Driver: "local",
      Mode: mount.anonymous ? "" : mount.readonly ? "ro" : "z",
      RW: !mount.readonly,
      // Docker's word for a volume: it is always private to the container.
      Propagation: "",
    };
  if (mount.kind === "image")
    return {
      Type: "image",
      Name: mount.found?.id ?? "",
      Source: mount.image,
      Destination: mount.target,
      Mode: "ro",
      RW: false,
      Propagation: "",
    };
  return {
    Type: "bind",
    Source: mount.source,
    Destination: mount.target,
    Mode: mount.readonly ? "ro" : "",
    RW: !mount.readonly,
    Propagation: mount.propagation,
  };
}

/** As `-v` takes it. */
function describeBind(mount: Extract<MountWish, { kind: "bind" | "volume" }>): string {
  const source = mount.kind === "bind" ? mount.source : mount.name;
  return `${source}:${mount.target}${mount.readonly ? ":ro" : ""}`;
}

/** Where volumes are that nobody gave a name, as Docker's Config.Volumes has them. */
function anonymousTargets(spec: ContainerSpec): Record<string, object> | null {
  const targets = spec.mounts.filter((mount) => mount.kind === "volume" && mount.anonymous);
  return targets.length === 0 ? null : Object.fromEntries(targets.map(({ target }) => [target, {}]));
}

function namespaceWord(wish: ContainerSpec["pid"]): string {
  return wish === "private" ? "" : wish === "host" ? "host" : `container:${wish.container}`;
}

function describeHostConfig(spec: ContainerSpec): Record<string, unknown> {
  const { resources } = spec;
  return {
    Binds: spec.mounts.flatMap((mount) =>
      mount.kind === "bind" || (mount.kind === "volume" && !mount.anonymous) ? [describeBind(mount)] : [],
    ),
    Tmpfs: Object.fromEntries(
      spec.mounts.flatMap((mount) =>
        mount.kind === "tmpfs" ? [[mount.target, mount.options.join(",")]] : [],
      ),
    ),
    LogConfig: {
      Type: spec.log.driver,
      Config: {
        ...(spec.log.maxSize === undefined ? {} : { "max-size": String(spec.log.maxSize) }),
        ...(spec.log.maxFile === undefined ? {} : { "max-file": String(spec.log.maxFile) }),
      },
    },
    NetworkMode: networkMode(spec),
    PortBindings: describePortBindings(spec.ports),
    RestartPolicy: { Name: spec.restart.name, MaximumRetryCount: spec.restart.maximumRetries },
    AutoRemove: spec.autoRemove,
    CapAdd: listOrNull(spec.capAdd.map(capabilityName)),
    CapDrop: listOrNull(spec.capDrop.map(capabilityName)),
    CgroupnsMode: spec.cgroup,
    Dns: spec.dns,
    DnsOptions: spec.dnsOptions,
    DnsSearch: spec.dnsSearch,
    ExtraHosts: listOrNull(spec.extraHosts),
    GroupAdd: listOrNull(spec.groupAdd),
    IpcMode: spec.ipc === "private" ? "private" : namespaceWord(spec.ipc),
    OomScoreAdj: spec.oomScoreAdj,
    PidMode: namespaceWord(spec.pid),
    Privileged: spec.privileged,
    PublishAllPorts: spec.publishAll,
    ReadonlyRootfs: spec.readonlyRoot,
    SecurityOpt: listOrNull([
      ...(spec.noNewPrivileges ? ["no-new-privileges"] : []),
      ...(spec.seccomp === "default" ? [] : [`seccomp=${spec.seccomp}`]),
      ...(spec.unmasked ? ["systempaths=unconfined"] : []),
    ]),
    UsernsMode: "",
    UTSMode: spec.uts === "host" ? "host" : "",
    ShmSize: spec.shmSize,
    ConsoleSize: [spec.consoleSize?.rows ?? 0, spec.consoleSize?.columns ?? 0],
    Sysctls: spec.sysctls,
    Runtime: spec.runtime,
    Init: spec.init,
    Annotations: spec.annotations,
    NanoCpus: Math.round((resources.cpus ?? 0) * 1e9),
    CpuShares: resources.cpuShares ?? 0,
    CpuPeriod: resources.cpuPeriod ?? 0,
    CpuQuota: resources.cpuQuota ?? 0,
    CpusetCpus: resources.cpusetCpus ?? "",
    CpusetMems: resources.cpusetMems ?? "",
    Memory: resources.memory ?? 0,
    MemoryReservation: resources.memoryReservation ?? 0,
    MemorySwap: resources.memorySwap ?? (resources.memory ?? 0) * 2,
    PidsLimit: resources.pidsLimit ?? null,
    OomKillDisable: false,
    BlkioWeight: 0,
    CgroupParent: "",
    VolumeDriver: "",
    VolumesFrom: spec.volumesFrom ?? null,
    Links: null,
    Ulimits: spec.ulimits.map((limit) => ({ Name: limit.name, Soft: limit.soft, Hard: limit.hard })),
    Devices: spec.devices.map((device) => ({
      PathOnHost: device.source,
      PathInContainer: device.target,
      CgroupPermissions: device.access,
    })),
  };
}

function listOrNull(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}

/** "net_admin" is CAP_NET_ADMIN; ALL stays. */
function capabilityName(text: string): string {
  const name = text.toUpperCase();
  return name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`;
}

function describeConfig(spec: ContainerSpec): Record<string, unknown> {
  return {
    Hostname: spec.hostname,
    Domainname: spec.domainname,
    User: spec.user,
    AttachStdin: spec.interactive,
    AttachStdout: true,
    AttachStderr: true,
    Tty: spec.terminal,
    OpenStdin: spec.interactive,
    StdinOnce: spec.stdinOnce ?? spec.interactive,
    Env: spec.env,
    Cmd: spec.command,
    Entrypoint: spec.entrypoint.length === 0 ? null : spec.entrypoint,
    Image: spec.imageName,
    Volumes: anonymousTargets(spec),
    WorkingDir: spec.workingDir,
    Labels: spec.labels,
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopTimeout,
    Healthcheck: spec.health ?? undefined,
    ExposedPorts: describeExposed(spec),
  };
}
