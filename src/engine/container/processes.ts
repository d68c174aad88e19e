import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning } from "../error.ts";
import { findContainer } from "./folder.ts";
import { currentState } from "./state.ts";

/** A process of a container as the host sees it. Times in clock ticks. */
export interface ContainerProcess {
  readonly pid: number;
  readonly parent: number;
  readonly uid: number;
  readonly command: string;
  readonly name: string;
  readonly state: string;
  readonly cpuTicks: number;
  readonly startTicks: number;
  readonly terminal: number;
  readonly threads: number;
  readonly virtualBytes: number;
  readonly residentPages: number;
}

/**
 * The processes of a running container, read from the host's /proc by their PID namespace. Nothing is run inside
 * (CVE-2022-1227). Those in a PID namespace that the container made are left out.
 */
export function listProcesses(engine: Engine, name: string): readonly ContainerProcess[] {
  const state = currentState(findContainer(engine, name));
  if (state.status !== "running" && state.status !== "paused") throw containerNotRunning(name);
  const { pid } = state.process;
  const shared = namespaceOf(process.pid) === namespaceOf(pid);
  const all = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => readProcess(Number(entry)) ?? []);
  // With the host's PID namespace: what descends from the first process.
  if (shared) return descendants(all, pid);
  const namespace = namespaceOf(pid);
  return all.filter((entry) => namespaceOf(entry.pid) === namespace);
}

function descendants(all: readonly ContainerProcess[], root: number): readonly ContainerProcess[] {
  const found = new Set([root]);
  for (let size = 0; size !== found.size; ) {
    size = found.size;
    for (const entry of all) if (found.has(entry.parent)) found.add(entry.pid);
  }
  return all.filter((entry) => found.has(entry.pid));
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** proc(5): /proc/PID/stat, status and cmdline. */
function readProcess(pid: number): ContainerProcess | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const name = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const number = (index: number): number => Number(fields[index] ?? 0);
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    return {
      pid,
      parent: number(1),
      uid: Number(/^Uid:\t(\d+)/m.exec(status)?.[1] ?? 0),
      name,
      command: words.length === 0 ? `[${name}]` : words.join(" "),
      state: fields[0] ?? "?",
      cpuTicks: number(11) + number(12),
      startTicks: number(19),
      terminal: number(4),
      threads: number(17),
      virtualBytes: number(20),
      residentPages: number(21),
    };
  } catch {
    return undefined;
  }
}
