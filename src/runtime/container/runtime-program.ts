import {
  cgroupMode,
  enterPrivateMounts,
  findProgram,
  hideUnifiedHierarchy,
  type RuntimeProgram,
} from "#host";
import { runtimeMissing, runtimeUnknown } from "../error.ts";

const known = ["crun", "runc"];

/**
 * Finds crun or runc, by name or absolute path. `stateRoot` is where the runtime keeps its own state, so that two Vial
 * roots never meet.
 */
export function chooseRuntime(name: string, stateRoot: string): RuntimeProgram {
  const base = name.slice(name.lastIndexOf("/") + 1);
  if (!known.includes(base)) throw runtimeUnknown(name, known);
  const program = findProgram(name);
  if (program === undefined) throw runtimeMissing(name);
  return { program, root: `${stateRoot}/${base}`, withoutCgroups: false };
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
