import {
  cgroupMode,
  enterPrivateMounts,
  findProgram,
  hideUnifiedHierarchy,
  type RuntimeProgram,
} from "#host";
import { runtimeMissing, runtimeUnknown } from "../error.ts";

/** The programs that can start a container. */
export const runtimeNames = ["crun", "runc"];

/**
 * Finds crun or runc, by name or absolute path. `stateRoot` is where the runtime keeps its own state, so that two Vial
 * roots never meet.
 */
export function chooseRuntime(name: string, stateRoot: string): RuntimeProgram {
  checkRuntimeName(name);
  const program = findProgram(name);
  if (program === undefined) throw runtimeMissing(name);
  return { program, root: runtimeStateFolder(stateRoot, name), withoutCgroups: false };
}

/** Throws runtime-unknown for a name or path that is neither crun nor runc. */
export function checkRuntimeName(name: string): void {
  if (!runtimeNames.includes(baseName(name))) throw runtimeUnknown(name, runtimeNames);
}

/** Where a runtime keeps its own state of the containers of one Vial root: a folder for each, by id. */
export function runtimeStateFolder(stateRoot: string, name: string): string {
  return `${stateRoot}/${baseName(name)}`;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

let hidden = false;

/**
 * Makes this process fit to start or enter a container: mounts of its own, and, for crun on a host with hybrid control
 * groups, no sight of the v2 hierarchy. From here on only synchronous file calls see what is mounted.
 */
export function enterRuntimeMounts(runtime: RuntimeProgram): void {
  enterPrivateMounts();
  if (hidden || !runtime.program.endsWith("crun") || cgroupMode() !== "hybrid") return;
  hideUnifiedHierarchy();
  hidden = true;
}
