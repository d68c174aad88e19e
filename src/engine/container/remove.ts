import { existsSync } from "node:fs";
import { isAlive, isDiskFull, ProcessHandle } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerRunning, containerWillNotDie } from "../error.ts";
import { deleteContainer, deleteFromRuntime, finishContainer } from "./finish.ts";
import { type ContainerFolder, findContainer, hasSpec, lockUnlessGone, readSpec } from "./folder.ts";
import { resumeContainer } from "./pause.ts";
import { clearBundle } from "./prepare.ts";
import {
  type ContainerState,
  currentState,
  exitFile,
  type LiveState,
  monitorProcess,
  readState,
  settledState,
} from "./state.ts";
import { markStopping } from "./stop.ts";

const SIGKILL = 9;
const killed = 128 + SIGKILL;

/** Removes a container; a running one only by force, which kills it. `volumes`: its anonymous volumes too. */
export async function removeContainer(
  engine: Engine,
  name: string,
  options: { readonly force: boolean; readonly volumes?: boolean },
): Promise<string> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  if (isUp(currentState(place)) && !options.force)
    throw containerRunning(name, "remove", `vial rm -f ${name}`);
  const live = await settledState(place);
  if (live.status === "running" || live.status === "paused") await kill(engine, spec, place, live);
  using lock = lockUnlessGone(place);
  // The process that attended it may have been quicker.
  if (lock === undefined) return place.id;
  const state = readState(place);
  if (state.status === "created" || state.status === "exited") {
    // Left by a kill -9 in the middle of a start or of an end.
    if (existsSync(place.bundle)) {
      deleteFromRuntime(engine, spec, place);
      clearBundle(engine, place);
    }
    deleteContainer(engine, readSpec(place), place, { volumes: spec.autoRemove || options.volumes === true });
  } else
    finishContainer(engine, { ...readSpec(place), autoRemove: true }, place, {
      volumes: spec.autoRemove || options.volumes === true,
      exitCode: exitFile(place) ?? killed,
      startedAt: state.startedAt,
      restarts: state.restarts,
    });
  return place.id;
}

function isUp(state: LiveState): boolean {
  return state.status === "starting" || state.status === "running" || state.status === "paused";
}

async function kill(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  state: ContainerState & { readonly status: "running" | "paused" },
): Promise<void> {
  try {
    markStopping(place);
  } catch (error) {
    // On a full disk removal is what helps, and its monitor is gone before it could start it again.
    if (!isDiskFull(error)) throw error;
  }
  using handle = ProcessHandle.open(state.process);
  // Nobody needs conmon's word of this end: its exit command is a process more for each container.
  if (state.attendant === undefined) killMonitor(place);
  handle?.signal(SIGKILL);
  // A frozen process takes no signal until it thaws.
  if (state.status === "paused") resumeContainer(engine, spec, place);
  if (handle !== undefined && !(await handle.wait(30_000))) throw containerWillNotDie(spec.name);
  // The one who ran it in the foreground gives its exit code on: it reads that from what we would take away.
  const { attendant } = state;
  for (let waited = 0; attendant !== undefined && waited < 2000; waited += 2) {
    if (!isAlive(attendant) || !hasSpec(place) || readState(place).status === "exited") return;
    await Bun.sleep(2);
  }
}

function killMonitor(place: ContainerFolder): void {
  const monitor = monitorProcess(place);
  if (monitor === undefined) return;
  using handle = ProcessHandle.open(monitor);
  handle?.signal(SIGKILL);
}
