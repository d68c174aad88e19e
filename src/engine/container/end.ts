import { isAlive } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { finishContainer } from "./finish.ts";
import { type ContainerFolder, lockContainer, readSpec } from "./folder.ts";
import { createUnderMonitor } from "./start.ts";
import { currentState, exitFile, readState } from "./state.ts";

/**
 * Records the end of a container under conmon, once, whoever comes first: the process that attended it, conmon's exit
 * command, or a later command that finds it dead. Gives the seconds after which its restart policy starts it again, or
 * undefined.
 */
export function recordEnd(engine: Engine, spec: ContainerSpec, place: ContainerFolder): number | undefined {
  using _lock = lockContainer(place);
  const live = currentState(place);
  const was = live.status === "dead" ? live.was : live;
  if (was.status === "created" || was.status === "exited") return undefined;
  const exitCode = exitFile(place);
  const stopped = was.status !== "starting" && was.stopping === true;
  finishContainer(engine, spec, place, {
    exitCode: exitCode ?? unseenExitCode,
    startedAt: was.startedAt,
    restarts: was.restarts,
    ...(exitCode === undefined ? { error: "its end was not seen: its monitor was killed" } : {}),
    ...(stopped ? { stopped } : {}),
  });
  return stopped || spec.autoRemove ? undefined : restartDelay(spec, exitCode ?? unseenExitCode, was);
}

/** Docker's code for an end that nobody saw. */
const unseenExitCode = 255;

/** Doubling from 100 ms up to a minute, and from the beginning again after ten seconds of good life (Docker's rule). */
export function restartDelay(
  spec: Pick<ContainerSpec, "restart">,
  exitCode: number,
  was: { readonly startedAt: string; readonly restarts: number },
  now = Date.now(),
): number | undefined {
  const { name, maximumRetries } = spec.restart;
  if (name === "no") return undefined;
  if (name === "on-failure" && (exitCode === 0 || (maximumRetries > 0 && was.restarts >= maximumRetries)))
    return undefined;
  const livedWell = now - Date.parse(was.startedAt) > 10_000;
  return livedWell ? 0.1 : Math.min(60, 0.1 * 2 ** Math.min(was.restarts, 20));
}

/** Starts a container again after its policy's delay, unless a person has started, stopped or removed it meanwhile. */
export async function restartAfter(
  engine: Engine,
  place: ContainerFolder,
  seconds: number,
  restarts: number,
): Promise<void> {
  await Bun.sleep(seconds * 1000);
  const spec = readSpec(place);
  const state = readState(place);
  if (state.status !== "exited" || state.stopped === true || state.restarts !== restarts) return;
  createUnderMonitor(engine, spec, place, { attended: false, restarts: restarts + 1 }).begin();
}

/** What conmon's exit command does: nothing while the Vial process of a foreground run is there to do it. */
export async function handleExit(engine: Engine, place: ContainerFolder): Promise<void> {
  const state = readState(place);
  const attendant =
    state.status === "starting"
      ? state.attended
        ? state.starter
        : undefined
      : "attendant" in state
        ? state.attendant
        : undefined;
  if (attendant !== undefined && isAlive(attendant)) return;
  const restarts = "restarts" in state ? state.restarts : 0;
  const delay = recordEnd(engine, readSpec(place), place);
  if (delay !== undefined) await restartAfter(engine, place, delay, restarts);
}
