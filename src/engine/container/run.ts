import { existsSync } from "node:fs";
import type { ConmonAnswer, ForegroundRun } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { Attachment, type Streams } from "./attach.ts";
import { containerNotRunning, containerPaused, notAttachable } from "../error.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer, lockUnlessGone, readSpec } from "./folder.ts";
import { waitForEnd } from "./wait.ts";
import { clearBundle, type Launch } from "./prepare.ts";
import { createUnderMonitor, launchDirectly, launchMonitored, type StartOptions } from "./start.ts";
import { currentState, exitFile, readState, writeState } from "./state.ts";

/** How a new container is run: directly under the runtime, or under conmon. */
export type RunLaunch =
  | { readonly kind: "direct"; readonly launched: Launch<ForegroundRun> | undefined; abandon(): void }
  | { readonly kind: "monitored"; readonly launched: Launch<ConmonAnswer> | undefined; abandon(): void };

/**
 * Begins the run of a container that is about to be created. What fails here fails again when the container is on
 * record, which then says why.
 */
export function launchRun(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  detach: boolean,
): RunLaunch {
  if (!detach && runsDirectly(spec)) {
    const launched = unlessItFails(engine, place, () => launchDirectly(engine, spec, place));
    return { kind: "direct", launched, abandon: () => launched?.abandon() };
  }
  const launched = unlessItFails(engine, place, () =>
    launchMonitored(engine, spec, place, !detach && isAttended(spec)),
  );
  return { kind: "monitored", launched, abandon: () => launched?.abandon() };
}

function unlessItFails<T>(engine: Engine, place: ContainerFolder, act: () => T): T | undefined {
  try {
    return act();
  } catch {
    clearBundle(engine, place);
    return undefined;
  }
}

/** True for a container that needs no monitor: its end is its removal, and nobody asks for its terminal or log. */
function runsDirectly(spec: ContainerSpec): boolean {
  return spec.autoRemove && !spec.terminal && spec.health === null && spec.resources.memory === undefined;
}

/** A container with a restart policy outlives its first end; conmon's exit command cares for it. */
function isAttended(spec: ContainerSpec): boolean {
  return spec.restart.name === "no";
}

export interface AttachedRun extends StartOptions {
  /** What launchMonitored() began. */
  readonly launched?: Launch<ConmonAnswer> | undefined;
  readonly streams: Streams;
  /** Called when the streams are open and the program has not begun. */
  readonly attached?: (attachment: Attachment, place: ContainerFolder) => void;
}

/** Starts a container and follows its streams. Gives its exit code, or undefined when the user detached. */
export async function runAttached(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  run: AttachedRun,
): Promise<number | undefined> {
  const attended = isAttended(spec);
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
