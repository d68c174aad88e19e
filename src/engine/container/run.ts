import { existsSync } from "node:fs";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { Attachment, type Streams } from "./attach.ts";
import { containerNotRunning, containerPaused, notAttachable } from "../error.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer, lockUnlessGone, readSpec } from "./folder.ts";
import { waitForEnd } from "./wait.ts";
import { createUnderMonitor, runDirectly, type StartOptions } from "./start.ts";
import { currentState, exitFile, readState, writeState } from "./state.ts";

/** True for a container that needs no monitor: its end is its removal, and nobody asks for its terminal or log. */
export function runsDirectly(spec: ContainerSpec): boolean {
  return spec.autoRemove && !spec.terminal && spec.health === null && spec.resources.memory === undefined;
}

export interface AttachedRun extends StartOptions {
  readonly streams: Streams;
  /** Called when the streams are open and the program has not begun. */
  readonly attached?: (attachment: Attachment, place: ContainerFolder) => void;
}

export { runDirectly };

/** Starts a container and follows its streams. Gives its exit code, or undefined when the user detached. */
export async function runAttached(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  run: AttachedRun,
): Promise<number | undefined> {
  // A container with a restart policy outlives its first end; conmon's exit command cares for it.
  const attended = spec.restart.name === "no";
  const created = createUnderMonitor(engine, spec, place, { ...run, attended });
  const attachment = new Attachment(place);
  run.attached?.(attachment, place);
  const relay = attachment.relay(run.streams);
  created.begin();
  if ((await relay) === "detached") {
    leaveToMonitor(engine, spec, place);
    return undefined;
  }
  if (!attended) return await waitForEnd(engine, spec, place);
  const code = await codeOfExitFile(engine, spec, place);
  recordEnd(engine, spec, place);
  return code;
}

/** From now on conmon's exit command records the end; if that has been, and was left to us, we do. */
function leaveToMonitor(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  {
    using lock = lockUnlessGone(place);
    if (lock === undefined) return;
    const state = readState(place);
    if (state.status === "running" || state.status === "paused") {
      const { attendant: _, ...unattended } = state;
      writeState(place, unattended);
    }
  }
  if (currentState(place).status === "dead") recordEnd(engine, spec, place);
}

/** conmon closes the streams just before it writes the exit file. */
async function codeOfExitFile(engine: Engine, spec: ContainerSpec, place: ContainerFolder): Promise<number> {
  for (let waited = 0; waited < 10_000; waited += 2) {
    const code = exitFile(place);
    if (code !== undefined) return code;
    // Somebody else was quicker: removed by force, or conmon was killed and a later command saw it.
    if (!existsSync(place.bundle)) return await waitForEnd(engine, spec, place);
    await Bun.sleep(2);
  }
  return 255;
}

/** Joins the streams of a running container. Gives its exit code, or undefined when the user detached. */
export async function attachContainer(
  engine: Engine,
  name: string,
  run: AttachedRun,
): Promise<number | undefined> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  const state = currentState(place);
  if (state.status === "paused") throw containerPaused(name);
  if (state.status !== "running") throw containerNotRunning(name);
  if (!existsSync(`${place.bundle}/attach`)) throw notAttachable(name);
  const attachment = new Attachment(place);
  run.attached?.(attachment, place);
  if ((await attachment.relay(run.streams)) === "detached") return undefined;
  return await waitForEnd(engine, spec, place);
}
