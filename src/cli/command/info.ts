import { readFileSync } from "node:fs";
import { cpus, hostname, machine, release, totalmem } from "node:os";
import { listContainers, openEngine } from "#engine";
import { cgroupMode, findProgram } from "#host";
import { canMountErofs, listImages } from "#image";
import { printBinarySize } from "#spec";
import type { Command } from "../command.ts";
import { inspectFormatFlag } from "../flag.ts";
import { printDocument } from "../format.ts";
import { out } from "../print.ts";
import { version } from "../version.ts";

export const command: Command = {
  name: "info",
  usage: "[OPTIONS]",
  summary: "Show the state of the store and of this machine",
  flags: [inspectFormatFlag],
  args: [0, 0],
  run(flags) {
    out(printDocument(collectInfo(), flags.text("format"), printInfo));
    return 0;
  },
};

type Info = ReturnType<typeof collectInfo>;

/** In the shape of Docker's `info` (Engine API v1.44, SystemInfo), as far as it is true here. */
function collectInfo() {
  const engine = openEngine();
  const states = listContainers(engine).map(({ state }) => state.status);
  const count = (...wanted: readonly string[]) => states.filter((status) => wanted.includes(status)).length;
  const running = count("running", "starting");
  const paused = count("paused");
  const mode = cgroupMode();
  return {
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.length - running - paused,
    Images: listImages(engine.store).images.length,
    ServerVersion: version,
    Driver: canMountErofs(engine.store) ? "overlay on erofs files" : "overlay on folders",
    DefaultRuntime: "crun",
    Runtimes: Object.fromEntries(
      ["crun", "runc"].flatMap((name) => {
        const path = findProgram(name);
        return path === undefined ? [] : [[name, { path }]];
      }),
    ),
    CgroupDriver: "cgroupfs",
    CgroupVersion: mode === "v2" ? "2" : "1",
    CgroupMode: mode,
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSType: "linux",
    Architecture: machine(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Name: hostname(),
    DockerRootDir: engine.place.root,
    RunDir: engine.place.run,
    Rootless: process.getuid?.() !== 0,
  };
}

function printInfo(info: Info): string {
  const rows: readonly (readonly [string, string | number | boolean])[] = [
    ["Containers", info.Containers],
    ["  Running", info.ContainersRunning],
    ["  Paused", info.ContainersPaused],
    ["  Stopped", info.ContainersStopped],
    ["Images", info.Images],
    ["Version", info.ServerVersion],
    ["Layers", info.Driver],
    ["Runtimes", Object.keys(info.Runtimes).join(" ")],
    ["Cgroups", info.CgroupMode],
    ["Kernel", info.KernelVersion],
    ["Operating system", info.OperatingSystem],
    ["Architecture", info.Architecture],
    ["CPUs", info.NCPU],
    ["Memory", printBinarySize(info.MemTotal)],
    ["Name", info.Name],
    ["Root", info.DockerRootDir],
    ["Run", info.RunDir],
    ["Rootless", info.Rootless],
  ];
  return rows.map(([name, value]) => `${name}: ${value}\n`).join("");
}

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}
