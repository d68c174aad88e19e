import { readFileSync } from "node:fs";
import { cgroupMode, readCgroup } from "#host";
import type { Engine } from "../engine-handle.ts";
import { usedCgroupsPath } from "./cgroup-path.ts";
import { containerFolder } from "./folder.ts";
import { type CgroupReader, readUsage, type Usage } from "./usage.ts";
import { type Machine, readUsageDetail, type UsageDetail } from "./usage-detail.ts";
import { currentState } from "./state.ts";

/** What a running container uses now; undefined for one that does not run. Bytes, nanoseconds, counts. */
export function containerUsage(engine: Engine, id: string): Usage | undefined {
  const place = containerFolder(engine, id);
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused") return undefined;
  const mode = cgroupMode();
  const path = usedCgroupsPath(place);
  const read: CgroupReader = (controller, file) =>
    path === undefined ? undefined : readCgroup(mode, controller, path, file);
  return { ...readUsage(mode === "v2" ? 2 : 1, read), ...networkBytes(state.process.pid) };
}

/** All counters of a running container in Docker's words; undefined for one that does not run. */
export function containerUsageDetail(
  engine: Engine,
  id: string,
): (UsageDetail & { readonly networks: Networks }) | undefined {
  const place = containerFolder(engine, id);
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused") return undefined;
  const mode = cgroupMode();
  const path = usedCgroupsPath(place);
  const read: CgroupReader = (controller, file) =>
    path === undefined ? undefined : readCgroup(mode, controller, path, file);
  return {
    ...readUsageDetail(mode === "v2" ? 2 : 1, read, readMachine()),
    networks: networksOf(state.process.pid),
  };
}

/** proc(5): the first eight numbers of the line "cpu" in /proc/stat are all of its time, in ticks. */
function readMachine(): Machine {
  const stat = readFileSync("/proc/stat", "latin1");
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "").split(" ").slice(0, 8).map(Number);
  const memory = /^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "latin1"))?.[1];
  return {
    cpuNanoseconds: ticks.reduce((sum, count) => sum + count, 0) * 1e7,
    processors: [...stat.matchAll(/^cpu\d+ /gm)].length,
    memory: Number(memory ?? 0) * 1024,
  };
}

type Networks = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Of each interface but the loopback (proc(5), /proc/PID/net/dev). */
function networksOf(pid: number): Networks {
  try {
    const lines = readFileSync(`/proc/${pid}/net/dev`, "latin1").split("\n").slice(2);
    return Object.fromEntries(
      lines.flatMap((line) => {
        const [name = "", numbers = ""] = line.split(":").map((part) => part.trim());
        if (name === "" || name === "lo") return [];
        const fields = numbers.split(/\s+/).map(Number);
        const four = (key: string, from: number) =>
          ["bytes", "packets", "errors", "dropped"].map((word, index) => [
            `${key}_${word}`,
            fields[from + index] ?? 0,
          ]);
        return [[name, Object.fromEntries([...four("rx", 0), ...four("tx", 8)])]];
      }),
    );
  } catch {
    // It has just ended.
    return {};
  }
}

/** Bytes through all interfaces but the loopback of the process's network namespace (proc(5), /proc/PID/net/dev). */
function networkBytes(pid: number): { readonly received: number; readonly sent: number } {
  let received = 0;
  let sent = 0;
  try {
    for (const line of readFileSync(`/proc/${pid}/net/dev`, "latin1").split("\n").slice(2)) {
      const [name = "", numbers = ""] = line.split(":");
      if (name.trim() === "" || name.trim() === "lo") continue;
      const fields = numbers.trim().split(/\s+/).map(Number);
      received += fields[0] ?? 0;
      sent += fields[8] ?? 0;
    }
  } catch {
    // It has just ended.
  }
  return { received, sent };
}
