import { ProcessHandle } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerWillNotDie } from "../error.ts";
import { recordEvent } from "../events.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer, lockUnlessGone, readSpec } from "./folder.ts";
import { resumeContainer } from "./pause.ts";
import { type ContainerState, currentState, ownMark, readState, settledState, writeState } from "./state.ts";

const SIGKILL = 9;

/**
 * Asks a container to end by its stop signal, and kills it after `timeout` seconds (-1: never; undefined: its own).
 * Nothing happens to one that does not run. `signal` is a number.
 */
export async function stopContainer(
  engine: Engine,
  name: string,
  options: { readonly timeout?: number | undefined; readonly signal: (spec: ContainerSpec) => number },
): Promise<void> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  const timeout = options.timeout ?? spec.stopTimeout;
  await endContainer(
    engine,
    spec,
    place,
    options.signal(spec),
    timeout < 0 ? Number.POSITIVE_INFINITY : timeout * 1000,
  );
  recordEvent(engine, spec, "stop");
}

/** Sends `signal`, waits up to `milliseconds`, kills, and waits until the end is recorded. */
export async function endContainer(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  signal: number,
  milliseconds: number,
): Promise<void> {
  const live = await claimStop(engine, spec, place);
  if (live === undefined) return;
  using handle = ProcessHandle.open(live.process);
  if (handle !== undefined) {
    handle.signal(signal);
    // A frozen process takes no signal until it thaws.
    if (live.status === "paused") resumeContainer(engine, spec, place);
    if (!(await handle.wait(milliseconds))) {
      handle.signal(SIGKILL);
      if (!(await handle.wait(30_000))) throw containerWillNotDie(spec.name);
    }
  }
  await awaitRecord(engine, spec, place);
}

/** The attendant or conmon's exit command records the end; if neither does within a moment, we do. */
async function awaitRecord(engine: Engine, spec: ContainerSpec, place: ContainerFolder): Promise<void> {
  for (let waited = 0; waited < 2000; waited += 2) {
    const state = readState(place);
    if (state.status === "exited" || state.status === "created") return;
    await Bun.sleep(2);
  }
  recordEnd(engine, spec, place);
}

/** Tells who records the end that a person wanted it. Gives the state of a container that runs, undefined otherwise. */
async function claimStop(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): Promise<(ContainerState & { readonly status: "running" | "paused" }) | undefined> {
  if ((await settledState(place)).status === "dead") recordEnd(engine, spec, place);
  using lock = lockUnlessGone(place);
  if (lock === undefined) return undefined;
  const live = currentState(place);
  if (live.status === "running" || live.status === "paused") {
    const stopping = { ...live, stopping: true, stopper: ownMark() };
    writeState(place, stopping);
    return stopping;
  }
  // It may be waiting for its next start by its policy.
  if (live.status === "exited" && live.stopped !== true) writeState(place, { ...live, stopped: true });
  return undefined;
}

/** For who is about to kill it: the restart policy then keeps still. */
export function markStopping(place: ContainerFolder): void {
  using lock = lockUnlessGone(place);
  if (lock === undefined) return;
  const live = currentState(place);
  if (live.status === "running" || live.status === "paused")
    writeState(place, { ...live, stopping: true, stopper: ownMark() });
}
