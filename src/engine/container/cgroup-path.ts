import { accessSync, constants, readFileSync } from "node:fs";
import { type CgroupMode, cgroupFolder } from "#host";
import type { RuntimeConfig } from "#runtime";
import type { ContainerFolder } from "./folder.ts";

/**
 * Where an ordinary user may make a control group: below the one this process is in, when that was delegated to the
 * user (systemd does so on v2; an administrator may on v1). Undefined when it was not.
 */
export function rootlessCgroupsPath(mode: CgroupMode, id: string): string | undefined {
  const controllers = mode === "v2" ? [""] : ["memory", "pids", "cpu", "devices", "freezer"];
  const own = readFileSync("/proc/self/cgroup", "utf8");
  const parents = controllers.map((controller) => {
    const line = own
      .split("\n")
      .find((entry) => (controller === "" ? entry.startsWith("0::") : entry.split(":")[1] === controller));
    return line?.slice(line.indexOf(":", line.indexOf(":") + 1) + 1);
  });
  const parent = parents[0];
  if (parent === undefined || parents.some((other) => other !== parent)) return undefined;
  for (const controller of controllers) {
    try {
      accessSync(cgroupFolder(mode, controller, parent), constants.W_OK);
    } catch {
      return undefined;
    }
  }
  return `${parent === "/" ? "" : parent}/vial-${id.slice(0, 16)}`;
}

/** The control group that a container which runs was given; undefined when it has none. */
export function usedCgroupsPath(place: ContainerFolder): string | undefined {
  try {
    const config = JSON.parse(readFileSync(`${place.bundle}/config.json`, "utf8")) as RuntimeConfig;
    const { cgroupsPath } = config.linux;
    return typeof cgroupsPath === "string" ? cgroupsPath : undefined;
  } catch {
    // It has just ended.
    return undefined;
  }
}

/** The control group of root's containers: at the top, so that no empty parent stays behind. */
export function cgroupsPathOf(place: ContainerFolder): string {
  return `/vial-${place.id.slice(0, 16)}`;
}
