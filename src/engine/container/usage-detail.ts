import type { CgroupReader } from "./usage.ts";

// All that a control group counts, in the words of Docker's `GET /containers/{id}/stats` (cgroups(7); the kernel's
// documentation of cgroup-v1 and cgroup-v2).

type Document = Record<string, unknown>;

export interface UsageDetail {
  readonly cpu: Document;
  readonly memory: Document;
  readonly blkio: Document;
  readonly pids: Document;
}

export interface Machine {
  /** Nanoseconds that all processors have spent, idle or not. */
  readonly cpuNanoseconds: number;
  readonly processors: number;
  readonly memory: number;
}

const nanosecondsPerTick = 1e7;

export function readUsageDetail(version: 1 | 2, read: CgroupReader, machine: Machine): UsageDetail {
  return {
    cpu: {
      ...(version === 2 ? cpuOfV2(read) : cpuOfV1(read)),
      system_cpu_usage: machine.cpuNanoseconds,
      online_cpus: machine.processors,
    },
    memory: version === 2 ? memoryOfV2(read, machine) : memoryOfV1(read, machine),
    blkio: { ...noBlkio, ...(version === 2 ? blkioOfV2(read) : blkioOfV1(read)) },
    pids: pidsOf(read),
  };
}

function cpuOfV1(read: CgroupReader): Document {
  const stat = pairs(read("cpuacct", "cpuacct.stat"));
  const throttling = pairs(read("cpu", "cpu.stat"));
  const each = (read("cpuacct", "cpuacct.usage_percpu") ?? "").trim();
  return {
    cpu_usage: {
      total_usage: amount(read("cpuacct", "cpuacct.usage")),
      ...(each === "" ? {} : { percpu_usage: each.split(/\s+/).map(Number) }),
      usage_in_kernelmode: (stat.system ?? 0) * nanosecondsPerTick,
      usage_in_usermode: (stat.user ?? 0) * nanosecondsPerTick,
    },
    throttling_data: {
      periods: throttling.nr_periods ?? 0,
      throttled_periods: throttling.nr_throttled ?? 0,
      throttled_time: throttling.throttled_time ?? 0,
    },
  };
}

function cpuOfV2(read: CgroupReader): Document {
  const stat = pairs(read("cpu", "cpu.stat"));
  return {
    cpu_usage: {
      total_usage: (stat.usage_usec ?? 0) * 1000,
      usage_in_kernelmode: (stat.system_usec ?? 0) * 1000,
      usage_in_usermode: (stat.user_usec ?? 0) * 1000,
    },
    throttling_data: {
      periods: stat.nr_periods ?? 0,
      throttled_periods: stat.nr_throttled ?? 0,
      throttled_time: (stat.throttled_usec ?? 0) * 1000,
    },
  };
}

function memoryOfV1(read: CgroupReader, machine: Machine): Document {
  return {
    usage: amount(read("memory", "memory.usage_in_bytes")),
    max_usage: amount(read("memory", "memory.max_usage_in_bytes")),
    failcnt: amount(read("memory", "memory.failcnt")),
    stats: pairs(read("memory", "memory.stat")),
    limit: limitOr(read("memory", "memory.limit_in_bytes"), machine),
  };
}

function memoryOfV2(read: CgroupReader, machine: Machine): Document {
  return {
    usage: amount(read("memory", "memory.current")),
    stats: pairs(read("memory", "memory.stat")),
    limit: limitOr(read("memory", "memory.max"), machine),
  };
}

/** No limit is `max` on v2 and a number near 2^63 on v1: then it is the machine's. */
function limitOr(text: string | undefined, machine: Machine): number {
  const limit = Number(text);
  return Number.isFinite(limit) && limit > 0 && limit < machine.memory ? limit : machine.memory;
}

const noBlkio = {
  io_service_bytes_recursive: null,
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

/** Lines like "8:0 Read 4096"; the total at the end is no line of a device. */
function blkioOfV1(read: CgroupReader): Document {
  const entries = (file: string) =>
    [...(read("blkio", file) ?? "").matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(
      ([, major, minor, op, value]) => ({
        major: Number(major),
        minor: Number(minor),
        op: (op ?? "").toLowerCase(),
        value: Number(value),
      }),
    );
  return {
    io_service_bytes_recursive: entries("blkio.throttle.io_service_bytes"),
    io_serviced_recursive: entries("blkio.throttle.io_serviced"),
  };
}

/** Lines like "259:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0". */
function blkioOfV2(read: CgroupReader): Document {
  const lines = (read("io", "io.stat") ?? "").split("\n").flatMap((line) => {
    const device = /^(\d+):(\d+) /.exec(line);
    if (device === null) return [];
    const counts = Object.fromEntries(
      [...line.matchAll(/(\w+)=(\d+)/g)].map((match) => [match[1], Number(match[2])]),
    );
    return [{ major: Number(device[1]), minor: Number(device[2]), counts }];
  });
  const entries = (names: Readonly<Record<string, string>>) =>
    lines.flatMap(({ major, minor, counts }) =>
      Object.entries(names).map(([op, name]) => ({ major, minor, op, value: counts[name] ?? 0 })),
    );
  return {
    io_service_bytes_recursive: entries({ read: "rbytes", write: "wbytes" }),
    io_serviced_recursive: entries({ read: "rios", write: "wios" }),
  };
}

function pidsOf(read: CgroupReader): Document {
  const current = read("pids", "pids.current");
  if (current === undefined) return {};
  const limit = Number(read("pids", "pids.max"));
  return { current: amount(current), ...(Number.isFinite(limit) && limit > 0 ? { limit } : {}) };
}

function amount(text: string | undefined): number {
  return Number(text ?? 0) || 0;
}

/** Lines of a name and a number. */
function pairs(text: string | undefined): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...(text ?? "").matchAll(/^(\w+) (\d+)$/gm)].map((match) => [match[1], Number(match[2])]),
  );
}
