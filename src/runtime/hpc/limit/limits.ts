// What a program may use of a machine, and the files of control groups that say so (the kernel's
// Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).

/** What a person asks for. Undefined: no limit of its own. */
export interface Limits {
  /** Microseconds of processor time in each period of so many. */
  readonly cpuQuota?: { readonly quota: number; readonly period: number };
  /** Weight against others, 1024 for each by default. */
  readonly cpuShares?: number;
  /** Lists like "0-3,5". */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Bytes. */
  readonly memory?: number;
  /** Bytes that are kept for it when memory is short. */
  readonly memoryReservation?: number;
  /** Bytes of memory and swap together; "none": as much swap as there is. */
  readonly memorySwap?: number | "none";
  readonly oomKillDisable?: true;
  /** Processes and threads; "none": as many as there can be. */
  readonly pids?: number | "none";
  /** Weight against others, 10 to 1000. */
  readonly blkioWeight?: number;
  readonly blkioWeightDevices?: readonly DeviceWeight[];
  /** Files of version 2 with what is written into them. */
  readonly unified?: readonly (readonly [file: string, text: string])[];
}

export interface DeviceWeight {
  /** "8:0". */
  readonly device: string;
  readonly weight: number;
}

/** One text for one file of a control group. */
export interface LimitSetting {
  /** The option by which it was asked for. */
  readonly option: string;
  readonly controller: string;
  /** The first of these that the group has. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

/** What the version of the host's control groups has nothing for. */
export interface LimitGap {
  readonly option: string;
  readonly why: string;
}

/** The settings in the order in which they are made. */
export function limitSettings(
  limits: Limits,
  version: 1 | 2,
): { readonly settings: readonly LimitSetting[]; readonly gap: LimitGap | undefined } {
  const settings: LimitSetting[] = [];
  let gap: LimitGap | undefined;
  const set = (
    option: string,
    controller: string,
    ...files: readonly (readonly [string, string | number])[]
  ) =>
    settings.push({ option, controller, files: files.map(([name, text]) => ({ name, text: String(text) })) });
  const lacks = (option: string, why: string) => {
    gap ??= { option, why };
  };
  const isV1 = version === 1;
  const { cpuQuota, cpuShares, memory, memorySwap, memoryReservation, pids, blkioWeight } = limits;
  for (const [option, file, list] of [
    ["--cpuset-cpus", "cpuset.cpus", limits.cpusetCpus],
    ["--cpuset-mems", "cpuset.mems", limits.cpusetMems],
  ] as const)
    if (list !== undefined) set(option, "cpuset", [file, list]);
  if (cpuQuota !== undefined) {
    const { quota, period } = cpuQuota;
    if (isV1) {
      set("--cpus", "cpu", ["cpu.cfs_period_us", period]);
      set("--cpus", "cpu", ["cpu.cfs_quota_us", quota]);
    } else set("--cpus", "cpu", ["cpu.max", `${quota} ${period}`]);
  }
  if (cpuShares !== undefined)
    set("--cpu-shares", "cpu", isV1 ? ["cpu.shares", cpuShares] : ["cpu.weight", weightOfShares(cpuShares)]);
  if (memoryReservation !== undefined)
    set("--memory-reservation", "memory", [
      isV1 ? "memory.soft_limit_in_bytes" : "memory.low",
      memoryReservation,
    ]);
  if (memory !== undefined)
    set("--memory", "memory", [isV1 ? "memory.limit_in_bytes" : "memory.max", memory]);
  if (memorySwap !== undefined) {
    const v1 = memorySwap === "none" ? -1 : memorySwap;
    const v2 = memorySwap === "none" ? "max" : memorySwap - (memory ?? 0);
    set("--memory-swap", "memory", isV1 ? ["memory.memsw.limit_in_bytes", v1] : ["memory.swap.max", v2]);
  }
  if (limits.oomKillDisable === true) {
    if (isV1) set("--oom-kill-disable", "memory", ["memory.oom_control", 1]);
    else
      lacks("--oom-kill-disable", "version 2 of control groups always ends processes when memory is short");
  }
  if (pids !== undefined) set("--pids-limit", "pids", ["pids.max", pids === "none" ? "max" : pids]);
  const io = isV1 ? "blkio" : "io";
  if (blkioWeight !== undefined) {
    if (isV1) set("--blkio-weight", io, ["blkio.weight", blkioWeight], ["blkio.bfq.weight", blkioWeight]);
    else
      set(
        "--blkio-weight",
        io,
        ["io.bfq.weight", blkioWeight],
        ["io.weight", `default ${ioWeight(blkioWeight)}`],
      );
  }
  for (const { device, weight } of limits.blkioWeightDevices ?? []) {
    const text = `${device} ${weight}`;
    if (isV1)
      set("--blkio-weight-device", io, ["blkio.weight_device", text], ["blkio.bfq.weight_device", text]);
    else
      set(
        "--blkio-weight-device",
        io,
        ["io.bfq.weight", text],
        ["io.weight", `${device} ${ioWeight(weight)}`],
      );
  }
  for (const [file, text] of limits.unified ?? []) {
    if (isV1) lacks(`unified "${file}"`, "this host has version 1 of control groups, and no such file");
    else set(`unified "${file}"`, file.slice(0, file.indexOf(".")), [file, text]);
  }
  return { settings, gap };
}

/** From 2..262144 to 1..10000, as the runtimes of the OCI map it. */
function weightOfShares(shares: number): number {
  return Math.floor(1 + ((Math.min(Math.max(shares, 2), 262144) - 2) * 9999) / 262142);
}

/** From 10..1000 to 1..10000. */
function ioWeight(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990);
}
