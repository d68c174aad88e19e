import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import type { Engine } from "../engine-handle.ts";
import { topColumnUnknown, topOptionUnsupported } from "../error.ts";
import { type ContainerProcess, listProcesses } from "./processes.ts";

const ticksPerSecond = 100;

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * The processes of a running container as ps(1) would show them with the words `options`. Throws container-not-running,
 * top-option-unsupported, top-column-unknown.
 */
export function processTable(engine: Engine, name: string, options: readonly string[]): ProcessTable {
  const titles = readColumns(options);
  const rows = listProcesses(engine, name).map((process) =>
    titles.map((title) => cells[title]?.(process) ?? ""),
  );
  return { titles, rows };
}

/** ps(1)'s own columns, as `docker top` prints them by default (`ps -ef`). */
function readColumns(options: readonly string[]): readonly string[] {
  const standard = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];
  const [first, list, ...rest] = options;
  if (first === undefined || (options.length === 1 && ["-ef", "ef", "-eF"].includes(first))) return standard;
  if (first === "aux" || first === "-aux")
    return ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"];
  const words =
    first.startsWith("-o") && first.length > 2
      ? first.slice(2)
      : first === "-o" || first === "-eo"
        ? list
        : undefined;
  if (words === undefined || rest.length > 0) throw topOptionUnsupported(options.join(" "));
  return words.split(",").map((word) => {
    const upper = (alias[word.toLowerCase()] ?? word).toUpperCase();
    if (cells[upper] === undefined) throw topColumnUnknown(word, Object.keys(cells));
    return upper;
  });
}

const alias: Readonly<Record<string, string>> = {
  args: "COMMAND",
  cmd: "CMD",
  comm: "COMM",
  pcpu: "%CPU",
  pmem: "%MEM",
  s: "STAT",
  state: "STAT",
};

const cells: Readonly<Record<string, (process: ContainerProcess) => string>> = {
  UID: (process) => userName(process.uid),
  USER: (process) => userName(process.uid),
  PID: (process) => String(process.pid),
  PPID: (process) => String(process.parent),
  C: (process) =>
    String(Math.floor((process.cpuTicks / ticksPerSecond / Math.max(1, ageSeconds(process))) * 100)),
  STIME: (process) => new Date(Date.now() - ageSeconds(process) * 1000).toTimeString().slice(0, 5),
  START: (process) => new Date(Date.now() - ageSeconds(process) * 1000).toTimeString().slice(0, 5),
  "%CPU": (process) =>
    ((process.cpuTicks / ticksPerSecond / Math.max(1, ageSeconds(process))) * 100).toFixed(1),
  "%MEM": (process) => ((process.residentPages * 4096 * 100) / totalmem()).toFixed(1),
  ETIME: (process) => clock(ageSeconds(process)),
  TTY: (process) => (process.terminal === 0 ? "?" : `pts/${process.terminal & 0xff}`),
  TIME: (process) => clock(process.cpuTicks / ticksPerSecond),
  CMD: (process) => process.command,
  COMMAND: (process) => process.command,
  COMM: (process) => process.name,
  STAT: (process) => process.state,
  NLWP: (process) => String(process.threads),
  VSZ: (process) => String(Math.round(process.virtualBytes / 1024)),
  RSS: (process) => String(process.residentPages * 4),
};

function ageSeconds(process: ContainerProcess): number {
  const uptime = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]);
  return Math.max(0, uptime - process.startTicks / ticksPerSecond);
}

function clock(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** By the host's own table, as `docker top` shows it. */
function userName(uid: number): string {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? String(uid);
}
