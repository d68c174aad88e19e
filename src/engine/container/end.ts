import { isAlive, type ProcessMark } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { finishContainer } from "./finish.ts";
import { type ContainerFolder, hasSpec, lockUnlessGone, readSpec } from "./folder.ts";
import { createUnderMonitor } from "./start.ts";
import { currentState, exitFile, ownMark, readState, startingState, writeState } from "./state.ts";

/**
 * Records the end of a container under conmon, once, whoever comes first: the process that attended it, conmon's exit
 * command, or a later command that finds it dead. Gives the seconds after which its restart policy starts it again, or
 * undefined.
 */
export function recordEnd(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  options: { readonly restarter?: ProcessMark } = {},
): number | undefined {
  using lock = lockUnlessGone(place);
  if (lock === undefined) return undefined;
  const live = currentState(place);
  const was = live.status === "dead" ? live.was : live;
  if (was.status === "created" || was.status === "exited") return undefined;
  const exitCode = exitFile(place);
  const stopped = was.status !== "starting" && was.stopping === true;
  const delay = stopped || spec.autoRemove ? undefined : restartDelay(spec, exitCode ?? unseenExitCode, was);
  finishContainer(engine, spec, place, {
    exitCode: exitCode ?? unseenExitCode,
    startedAt: was.startedAt,
    restarts: was.restarts,
    ...(exitCode === undefined ? { error: "its end was not seen: its monitor was killed" } : {}),
    ...(stopped ? { stopped } : {}),
    ...(delay === undefined ? {} : options),
  });
  return delay;
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
  {
    using lock = lockUnlessGone(place);
    if (lock === undefined) return;
    const state = readState(place);
    if (state.status !== "exited" || state.stopped === true || state.restarts !== restarts) return;
    // Another policy may have been given meanwhile.
    if (readSpec(place).restart.name === "no") return;
    // From here on a person who starts it finds the start taken.
    writeState(place, startingState(false, restarts + 1));
  }
  createUnderMonitor(engine, readSpec(place), place, { attended: false, restarts: restarts + 1 }).begin();
}

/** What conmon's exit command does: nothing while the Vial process of a foreground run is there to do it. */
export async function handleExit(engine: Engine, place: ContainerFolder): Promise<void> {
  if (!hasSpec(place)) return;
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
  const delay = recordEnd(engine, readSpec(place), place, { restarter: ownMark() });
  if (delay !== undefined) await restartAfter(engine, place, delay, restarts);
}
