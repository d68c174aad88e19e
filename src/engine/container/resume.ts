import { existsSync } from "node:fs";
import { leaveMountsBehind, unmountLazily } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerPaused, containerRunning, startTaken } from "../error.ts";
import { recordEnd } from "./end.ts";
import { deleteFromRuntime } from "./finish.ts";
import { type ContainerFolder, findContainer, lockContainer, readSpec } from "./folder.ts";
import { clearBundle, rootMountPoint } from "./prepare.ts";
import { type AttachedRun, runAttached } from "./run.ts";
import { createUnderMonitor, type StartOptions } from "./start.ts";
import { closeSources } from "../volume/sources.ts";
import { isUnpacked, unpackAgain } from "./unpacked.ts";
import { currentState, settledState, startingState, writeState } from "./state.ts";

/** Starts a container that was created or has ended. Gives false when it runs already. */
export async function startContainer(
  engine: Engine,
  name: string,
  options: StartOptions = {},
): Promise<boolean> {
  const place = await readyToStart(engine, name, options.warn);
  if (place === undefined) return false;
  const spec = readSpec(place);
  createUnderMonitor(engine, spec, place, { ...options, attended: false }).begin();
  // The next one that this process starts would share its mount namespace. Its monitor keeps it: export looks there.
  leaveMountsBehind();
  unmountLazily(rootMountPoint(engine));
  closeSources(engine, spec);
  return true;
}

/** Starts a container and follows its streams. Gives its exit code, or undefined when the user detached. */
export async function startAttached(
  engine: Engine,
  name: string,
  run: AttachedRun,
): Promise<number | undefined> {
  const place = await readyToStart(engine, name, run.warn);
  if (place === undefined) throw containerRunning(name, "start", `vial attach ${name}`);
  return await runAttached(engine, readSpec(place), place, run);
}

/** Claims the start for this process and clears what an earlier run left; undefined when the container runs. */
async function readyToStart(
  engine: Engine,
  name: string,
  warn: StartOptions["warn"] = () => {},
): Promise<ContainerFolder | undefined> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  if (!isUnpacked(engine, spec.image)) await unpackAgain(engine, spec.image, warn);
  for (;;) {
    const live = await settledState(place);
    if (live.status === "starting") throw startTaken(name);
    if (live.status === "dead") recordEnd(engine, spec, place);
    const claim = claimStart(engine, spec, place);
    if (claim !== "again") return claim === "running" ? undefined : place;
  }
}

function claimStart(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): "claimed" | "running" | "again" {
  using _lock = lockContainer(place);
  const state = currentState(place);
  if (state.status === "paused") throw containerPaused(spec.name);
  if (state.status === "running") return "running";
  // Another starter had the lock before us.
  if (state.status === "starting" || state.status === "dead") return "again";
  if (existsSync(place.bundle)) {
    deleteFromRuntime(engine, spec, place);
    clearBundle(engine, place);
  }
  // From here on a second starter finds the start taken.
  writeState(place, startingState());
  return "claimed";
}
