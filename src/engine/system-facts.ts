import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { cpus, hostname, machine, release, totalmem } from "node:os";
import { cgroupMode, findProgram } from "#host";
import { canMountErofs, listImages } from "#image";
import { listContainers } from "./container/list.ts";
import { swapAccounting } from "./container/prepare.ts";
import type { Engine } from "./engine-handle.ts";

/** The state of the store and of this machine, in the shape of Docker's `info` (Engine API, SystemInfo), as far as it is true. */
export function systemFacts(engine: Engine, version: string) {
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

/** What Docker's `info` says beside that of what containers can be limited by here, and of who this is. */
export function systemAbilities(engine: Engine) {
  return {
    // One for each store of each machine.
    id: createHash("sha256")
      .update(`${readOr("/etc/machine-id")} ${engine.place.root}`)
      .digest("hex"),
    osVersion: /^VERSION_ID="?(.*?)"?$/m.exec(readOr("/etc/os-release"))?.[1] ?? "",
    swapLimit: swapAccounting(),
    forwardsIpv4: readOr("/proc/sys/net/ipv4/ip_forward").trim() === "1",
    initBinary: findProgram("catatonit") ?? "",
    hasPidsLimit:
      existsSync("/sys/fs/cgroup/pids") || readOr("/sys/fs/cgroup/cgroup.controllers").includes("pids"),
  };
}

function operatingSystem(): string {
  return /^PRETTY_NAME="?(.*?)"?$/m.exec(readOr("/etc/os-release"))?.[1] ?? "Linux";
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
