import { ProcessHandle } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning } from "../error.ts";
import { recordEvent } from "../events.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { unpauseContainer } from "./pause.ts";
import { currentState } from "./state.ts";
import { markStopping } from "./stop.ts";

const SIGKILL = 9;

/** Sends a signal to the container's first process. False when it does not run. */
export function signalContainer(place: ContainerFolder, signal: number): boolean {
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused") return false;
  using handle = ProcessHandle.open(state.process);
  return handle?.signal(signal) ?? false;
}

/**
 * `vial kill`: sends a signal (by number) to a running container, or throws container-not-running. SIGKILL and its own
 * stop signal (`stopSignal` tells the number) mean that it shall stay down whatever its restart policy, as in Docker.
 */
export function killContainer(
  engine: Engine,
  name: string,
  signal: number,
  stopSignal: (spec: ContainerSpec) => number,
): void {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  const isFrozen = currentState(place).status === "paused";
  const ends = signal === SIGKILL || signal === stopSignal(spec);
  if (ends) markStopping(place);
  if (!signalContainer(place, signal)) throw containerNotRunning(name);
  // A frozen process takes no signal until it thaws.
  if (isFrozen && ends) unpauseContainer(engine, name);
  recordEvent(engine, spec, "kill", { signal: String(signal) });
}
