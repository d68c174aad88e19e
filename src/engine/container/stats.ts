import { readFileSync } from "node:fs";
import { cgroupMode, readCgroup } from "#host";
import type { Engine } from "../engine-handle.ts";
import { usedCgroupsPath } from "./cgroup-path.ts";
import { containerFolder } from "./folder.ts";
import { type CgroupReader, readUsage, type Usage } from "./usage.ts";
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
