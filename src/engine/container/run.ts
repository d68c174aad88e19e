import { existsSync } from "node:fs";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { Attachment, type Streams } from "./attach.ts";
import { containerNotRunning, containerPaused, notAttachable } from "../error.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer } from "./folder.ts";
import { waitForContainer } from "./wait.ts";
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
    const state = readState(place);
    if (state.status === "running") {
      const { attendant: _, ...unattended } = state;
      writeState(place, unattended);
    }
    return undefined;
  }
  if (!attended) return await recordedCode(place);
  const code = await codeOfExitFile(place);
  recordEnd(engine, spec, place);
  return code;
}

/** conmon closes the streams just before it writes the exit file. */
async function codeOfExitFile(place: ContainerFolder): Promise<number> {
  for (let waited = 0; waited < 10_000; waited += 2) {
    const code = exitFile(place);
    if (code !== undefined) return code;
    await Bun.sleep(2);
  }
  return 255;
}

async function recordedCode(place: ContainerFolder): Promise<number> {
  for (;;) {
    const state = readState(place);
    if (state.status === "exited") return state.exitCode;
    await Bun.sleep(2);
  }
}

/** Joins the streams of a running container. Gives its exit code, or undefined when the user detached. */
export async function attachContainer(
  engine: Engine,
  name: string,
  run: AttachedRun,
): Promise<number | undefined> {
  const place = findContainer(engine, name);
  const state = currentState(place);
  if (state.status === "paused") throw containerPaused(name);
  if (state.status !== "running") throw containerNotRunning(name);
  if (!existsSync(`${place.bundle}/attach`)) throw notAttachable(name);
  const attachment = new Attachment(place);
  run.attached?.(attachment, place);
  if ((await attachment.relay(run.streams)) === "detached") return undefined;
  return await waitForContainer(engine, name);
}
