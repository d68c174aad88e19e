import { describe, expect, test } from "bun:test";
import { type Limits, limitSettings } from "./limits.ts";

const lines = (limits: Limits, version: 1 | 2) =>
  limitSettings(limits, version).settings.map(
    ({ controller, files }) =>
      `${controller}: ${files.map(({ name, text }) => `${name}=${text}`).join(" or ")}`,
  );

const all: Limits = {
  cpuQuota: { quota: 150_000, period: 100_000 },
  cpuShares: 1024,
  cpusetCpus: "0-1",
  cpusetMems: "0",
  memory: 1000,
  memoryReservation: 500,
  memorySwap: 3000,
  pids: 20,
  blkioWeight: 1000,
  blkioWeightDevices: [{ device: "8:0", weight: 10 }],
};

describe("limitSettings()", () => {
  test("on version 1", () => {
    expect(lines({ ...all, oomKillDisable: true }, 1)).toEqual([
      "cpuset: cpuset.cpus=0-1",
      "cpuset: cpuset.mems=0",
      "cpu: cpu.cfs_period_us=100000",
      "cpu: cpu.cfs_quota_us=150000",
      "cpu: cpu.shares=1024",
      "memory: memory.soft_limit_in_bytes=500",
      "memory: memory.limit_in_bytes=1000",
      "memory: memory.memsw.limit_in_bytes=3000",
      "memory: memory.oom_control=1",
      "pids: pids.max=20",
      "blkio: blkio.weight=1000 or blkio.bfq.weight=1000",
      "blkio: blkio.weight_device=8:0 10 or blkio.bfq.weight_device=8:0 10",
    ]);
  });

  test("on version 2, where swap is counted without memory and weights go to 10000", () => {
    expect(lines(all, 2)).toEqual([
      "cpuset: cpuset.cpus=0-1",
      "cpuset: cpuset.mems=0",
      "cpu: cpu.max=150000 100000",
      "cpu: cpu.weight=39",
      "memory: memory.low=500",
      "memory: memory.max=1000",
      "memory: memory.swap.max=2000",
      "pids: pids.max=20",
      "io: io.bfq.weight=1000 or io.weight=default 10000",
      "io: io.bfq.weight=8:0 10 or io.weight=8:0 1",
    ]);
  });

  test("no limit of swap and of processes", () => {
    const none: Limits = { memory: 1, memorySwap: "none", pids: "none" };
    expect(lines(none, 1).slice(1)).toEqual(["memory: memory.memsw.limit_in_bytes=-1", "pids: pids.max=max"]);
    expect(lines(none, 2).slice(1)).toEqual(["memory: memory.swap.max=max", "pids: pids.max=max"]);
  });

  test("what a version has nothing for is told, not left out", () => {
    expect(limitSettings({ oomKillDisable: true }, 2).gap?.option).toBe("--oom-kill-disable");
    const unified: Limits = { unified: [["memory.high", "1M"]] };
    expect(limitSettings(unified, 1).gap?.option).toBe('unified "memory.high"');
    expect(lines(unified, 2)).toEqual(["memory: memory.high=1M"]);
  });
});
