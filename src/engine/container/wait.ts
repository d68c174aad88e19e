import { watch } from "node:fs";
import { ProcessHandle } from "#host";
import type { Engine } from "../engine-handle.ts";
import { recordEnd } from "./end.ts";
import { findContainer, readSpec } from "./folder.ts";
import { currentState, isWatched } from "./state.ts";

/** Waits until a container has ended and gives its exit code; at once for one that does not run. */
export async function waitForContainer(engine: Engine, name: string): Promise<number> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  // The change of state.json wakes; the pause between looks is for file systems that tell of none.
  let wake = () => {};
  const watcher = watch(place.folder, () => wake());
  watcher.on("error", () => wake());
  try {
    for (;;) {
      const state = currentState(place);
      if (state.status === "exited") return state.exitCode;
      if (state.status === "created") return 0;
      if (state.status === "dead") await afterDeath(engine, name);
      if (state.status === "running") {
        using handle = ProcessHandle.open(state.process);
        if (handle?.waitBlocking(0) === false)
          await Promise.race([
            new Promise<void>((resolve) => {
              wake = resolve;
            }),
            Bun.sleep(200),
          ]);
      } else await Bun.sleep(20);
    }
  } catch (error) {
    // A container of --rm is gone when it has ended; what its code was, only its own caller knows.
    if ((error as { code?: string }).code === "container-unknown" && spec.autoRemove) return 0;
    throw error;
  } finally {
    watcher.close();
  }
}

/** Whoever watches it records the end; when nobody does, we do. */
async function afterDeath(engine: Engine, name: string): Promise<void> {
  await Bun.sleep(20);
  const place = findContainer(engine, name);
  const live = currentState(place);
  if (live.status === "dead" && !isWatched(place, live.was)) recordEnd(engine, readSpec(place), place);
}
