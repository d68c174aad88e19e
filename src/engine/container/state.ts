import { readFileSync } from "node:fs";
import { isAlive, markProcess, type ProcessMark, writeAtomic } from "#host";
import { containerNotRunning, containerPaused } from "../error.ts";
import { type ContainerFolder, hasSpec } from "./folder.ts";

/** Where a container is in its life, as state.json holds it. Times are RFC 3339. */
export type ContainerState =
  | { readonly status: "created" }
  /** A Vial process (`starter`) is about to start it, or has run it in the foreground for less than a moment. */
  | {
      readonly status: "starting";
      readonly starter: ProcessMark;
      readonly attended: boolean;
      readonly startedAt: string;
      readonly restarts: number;
    }
  | {
      readonly status: "running" | "paused";
      readonly process: ProcessMark;
      /** The Vial process of a foreground run, which will record the end; without one, conmon's exit command does. */
      readonly attendant?: ProcessMark;
      readonly startedAt: string;
      readonly restarts: number;
      /** Set by stop: the restart policy does not bring it back. */
      readonly stopping?: boolean;
      /** The process that ends it, and that records the end when nobody else does. */
      readonly stopper?: ProcessMark;
    }
  | {
      readonly status: "exited";
      readonly exitCode: number;
      readonly startedAt: string;
      readonly finishedAt: string;
      readonly oomKilled: boolean;
      readonly restarts: number;
      /** Why it could not be started, or that its end was not seen. */
      readonly error?: string;
      /** It was stopped by a person: unless-stopped does not bring it back. */
      readonly stopped?: boolean;
      /** The Vial process that waits for the moment to start it again. */
      readonly restarter?: ProcessMark;
    };

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return markProcess(process.pid) ?? { pid: process.pid, startTime: "" };
}

/** What the state says from the claim of a start on until the program runs. */
export function startingState(attended = false, restarts = 0): ContainerState {
  return { status: "starting", starter: ownMark(), attended, startedAt: new Date().toISOString(), restarts };
}

/** Does nothing for a container that was removed: the folder would come back to life. */
export function writeState(place: ContainerFolder, state: ContainerState): void {
  if (!hasSpec(place)) return;
  writeAtomic(`${place.folder}/state.json`, JSON.stringify(state), 0o600);
}

/** The state as written; it may be behind the truth when processes were killed. `currentState` looks at the processes too. */
export function readState(place: ContainerFolder): ContainerState {
  try {
    return JSON.parse(readFileSync(`${place.folder}/state.json`, "utf8")) as ContainerState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { status: "created" };
    throw error;
  }
}

/** The pid that the runtime wrote for the container's first process, with its start time. */
export function containerProcess(place: ContainerFolder): ProcessMark | undefined {
  try {
    const pid = Number(readFileSync(`${place.bundle}/pid`, "utf8"));
    return pid > 0 ? markProcess(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** The exit code that conmon wrote, when the container ended and nobody has recorded it yet. */
export function exitFile(place: ContainerFolder): number | undefined {
  try {
    const text = readFileSync(`${place.bundle}/exits/${place.id}`, "utf8").trim();
    return /^-?\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

export type LiveState = ContainerState | { readonly status: "dead"; readonly was: ContainerState };

/** The state with the processes looked at: `dead` is a container whose end nobody has recorded. */
export function currentState(place: ContainerFolder): LiveState {
  const state = readState(place);
  if (state.status === "starting") {
    const process = containerProcess(place);
    if (process !== undefined && exitFile(place) === undefined) {
      const { starter, startedAt, restarts } = state;
      return {
        status: "running",
        process,
        startedAt,
        restarts,
        ...(state.attended ? { attendant: starter } : {}),
      };
    }
    return isAlive(state.starter) ? state : { status: "dead", was: state };
  }
  if (state.status === "running" || state.status === "paused") {
    return isAlive(state.process) ? state : { status: "dead", was: state };
  }
  return state;
}

/** Throws container-paused, container-not-running. */
export function requireRunning(place: ContainerFolder, name: string): ContainerState & { status: "running" } {
  const state = currentState(place);
  if (state.status === "paused") throw containerPaused(name);
  if (state.status !== "running") throw containerNotRunning(name);
  return state as ContainerState & { status: "running" };
}

/** The conmon of this container. Its command line is looked at, for the pid may have been given to another since. */
export function monitorProcess(place: ContainerFolder): ProcessMark | undefined {
  try {
    const pid = Number(readFileSync(`${place.bundle}/conmon.pid`, "utf8"));
    const mark = markProcess(pid);
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(place.id) ? mark : undefined;
  } catch {
    return undefined;
  }
}

/** Whether somebody is there who will record the end: conmon with its exit command, or the Vial process of a foreground run. */
export function isWatched(place: ContainerFolder, was: ContainerState): boolean {
  const attendant = was.status === "starting" ? was.starter : "attendant" in was ? was.attendant : undefined;
  if (attendant !== undefined && isAlive(attendant)) return true;
  if ("stopper" in was && was.stopper !== undefined && isAlive(was.stopper)) return true;
  return monitorProcess(place) !== undefined;
}

/** currentState(), after a start that somebody else has begun came about or failed. Waits up to half a minute. */
export async function settledState(place: ContainerFolder): Promise<LiveState> {
  let live = currentState(place);
  for (let waited = 0; live.status === "starting" && waited < 30_000; waited += 5) {
    await Bun.sleep(5);
    live = currentState(place);
  }
  return live;
}
