import { ProcessHandle } from "#host";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning } from "../error.ts";
import { recordEvent } from "../events.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { currentState } from "./state.ts";

/** Sends a signal to the container's first process. False when it does not run. */
export function signalContainer(place: ContainerFolder, signal: number): boolean {
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused") return false;
  using handle = ProcessHandle.open(state.process);
  return handle?.signal(signal) ?? false;
}

/** `vial kill`: sends a signal (by number) to a running container, or throws container-not-running. */
export function killContainer(engine: Engine, name: string, signal: number): void {
  const place = findContainer(engine, name);
  if (!signalContainer(place, signal)) throw containerNotRunning(name);
  recordEvent(engine, readSpec(place), "kill", { signal: String(signal) });
}
