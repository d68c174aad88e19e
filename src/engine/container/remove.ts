import { ProcessHandle } from "#host";
import type { Engine } from "../engine-handle.ts";
import { containerRunning, containerWillNotDie } from "../error.ts";
import { recordEnd } from "./end.ts";
import { deleteContainer } from "./finish.ts";
import { findContainer, lockContainer, readSpec } from "./folder.ts";
import { markStopping } from "./stop.ts";
import { currentState, readState } from "./state.ts";

const SIGKILL = 9;

/** Removes a container; a running one only by force, which kills it. */
export async function removeContainer(
  engine: Engine,
  name: string,
  options: { readonly force: boolean },
): Promise<string> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  const live = currentState(place);
  if (live.status === "starting" || live.status === "running" || live.status === "paused") {
    if (!options.force) throw containerRunning(name, "remove", `vial rm -f ${name}`);
    if (live.status !== "starting") {
      markStopping(place);
      using handle = ProcessHandle.open(live.process);
      handle?.signal(SIGKILL);
      if (handle !== undefined && !(await handle.wait(30_000))) throw containerWillNotDie(spec.name);
    }
  }
  // Whoever attended it may record the end at the same time; the first one does, the other finds nothing to do.
  if (readState(place).status !== "created") recordEnd(engine, spec, place);
  using _lock = lockContainer(place);
  deleteContainer(engine, spec, place);
  return place.id;
}
