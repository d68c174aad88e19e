import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning, freezeFailed, pauseUnchanged } from "../error.ts";
import { recordEvent } from "../events.ts";
import { driverOf } from "./driver.ts";
import { type ContainerFolder, findContainer, lockContainer, readSpec } from "./folder.ts";
import { currentState, writeState } from "./state.ts";

/** Freezes every process of a container by its control group. */
export function pauseContainer(engine: Engine, name: string): void {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  using _lock = lockContainer(place);
  const state = currentState(place);
  if (state.status === "paused") throw pauseUnchanged(name, "paused");
  if (state.status !== "running") throw containerNotRunning(name);
  callRuntime(engine, spec, place, "pause");
  writeState(place, { ...state, status: "paused" });
  recordEvent(engine, spec, "pause");
}

/** Thaws a paused container. */
export function unpauseContainer(engine: Engine, name: string): void {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  using _lock = lockContainer(place);
  const state = currentState(place);
  if (state.status !== "running" && state.status !== "paused") throw containerNotRunning(name);
  if (state.status === "running") throw pauseUnchanged(name, "running");
  resumeContainer(engine, spec, place);
  writeState(place, { ...state, status: "running" });
  recordEvent(engine, spec, "unpause");
}

export function resumeContainer(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  callRuntime(engine, spec, place, "resume");
}

function callRuntime(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  verb: "pause" | "resume",
): void {
  const said = driverOf(engine, spec)[verb](place);
  if (said !== undefined) throw freezeFailed(spec.name, verb, said);
}
