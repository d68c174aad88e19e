import { watch } from "node:fs";
import { ProcessHandle } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { readEvents } from "../events.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer, hasSpec, readSpec } from "./folder.ts";
import { currentState, isWatched } from "./state.ts";

/** Waits until a container has ended and gives its exit code; at once for one that does not run. */
export async function waitForContainer(engine: Engine, name: string): Promise<number> {
  const place = findContainer(engine, name);
  return await waitForEnd(engine, readSpec(place), place);
}

/** waitForContainer() for one that was found already and may be removed at its end, or by somebody else. */
export async function waitForEnd(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): Promise<number> {
  for (;;) {
    const state = currentState(place);
    if (!hasSpec(place)) return await codeFromEvents(engine, place.id);
    if (state.status === "exited") return state.exitCode;
    if (state.status === "created") return 0;
    if (state.status === "running" || state.status === "paused") {
      using handle = ProcessHandle.open(state.process);
      if (handle !== undefined) await handle.wait(Number.POSITIVE_INFINITY);
      await stateChange(place, 20);
    } else if (state.status === "dead" && !isWatched(place, state.was)) {
      recordEnd(engine, spec, place);
    } else {
      await stateChange(place, 20);
    }
  }
}

/** Whoever watches the container writes its end a moment after its process is gone. */
async function stateChange(place: ContainerFolder, milliseconds: number): Promise<void> {
  let watcher: ReturnType<typeof watch> | undefined;
  try {
    await new Promise<void>((resolve) => {
      watcher = watch(place.folder, () => resolve());
      watcher.on("error", () => resolve());
      setTimeout(resolve, milliseconds);
    });
  } catch {
    // The folder has gone.
  } finally {
    watcher?.close();
  }
}

/** What became of a container that is removed: the last event of its end. 137 when that has rotated away. */
async function codeFromEvents(engine: Engine, id: string): Promise<number> {
  let code: number | undefined;
  for await (const event of readEvents(engine, { since: 0, until: Date.now() }))
    if (event.id === id && event.action === "die") code = Number(event.attributes.exitCode);
  return code ?? 137;
}
