import { watch } from "node:fs";
import { isAlive, ProcessHandle } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { type Event, readEvents } from "../events.ts";
import { recordEnd } from "./end.ts";
import { type ContainerFolder, findContainer, hasSpec, readSpec } from "./folder.ts";
import { currentState, isWatched, type LiveState } from "./state.ts";

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

/** Until when a wait goes on: it runs no more; it has ended once more; it is there no more. */
export type WaitCondition = "not-running" | "next-exit" | "removed";

/** An event that was lost (a full disk), and an end that nobody records, are found so. Milliseconds. */
const lookAgain = 1000;

/**
 * Waits for a condition and gives the exit code, for a process that has others to serve meanwhile. The waiting has begun
 * when this returns its promise. An abort gives the code as it stands.
 */
export async function waitForCondition(
  engine: Engine,
  name: string,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<number> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  using events = new NextEvents(engine, signal);
  const before = endOf(place);
  let code = before?.exitCode ?? 0;
  for (;;) {
    const state = currentState(place);
    const isGone = !hasSpec(place);
    const now = endOf(place);
    if (now !== undefined && now.finishedAt !== before?.finishedAt) code = now.exitCode;
    if (signal.aborted || isGone) return code;
    if (condition === "not-running" && !isUp(state, place)) return code;
    if (condition === "next-exit" && now !== undefined && now.finishedAt !== before?.finishedAt) return code;
    if (state.status === "dead" && !isWatched(place, state.was)) recordEnd(engine, spec, place);
    const event = await events.next(lookAgain);
    if (event?.id !== place.id || event.action !== "die") continue;
    code = Number(event.attributes.exitCode);
    await recorded(place);
    // A restart may follow, or the removal: the event is the word for this end.
    if (condition === "next-exit") return code;
  }
}

function endOf(
  place: ContainerFolder,
): { readonly exitCode: number; readonly finishedAt: string } | undefined {
  const state = currentState(place);
  return state.status === "exited" ? state : undefined;
}

/** One that is about to be started again by its policy counts as running, as in Docker. */
function isUp(state: LiveState, place: ContainerFolder): boolean {
  if (state.status === "created") return false;
  if (state.status === "exited") return state.restarter !== undefined && isAlive(state.restarter);
  return hasSpec(place);
}

/** The event of an end comes a moment before the record of it, which whoever waited looks at next. */
async function recorded(place: ContainerFolder): Promise<void> {
  for (let waited = 0; waited < 1000; waited += 2) {
    if (!hasSpec(place) || currentState(place).status === "exited") return;
    await Bun.sleep(2);
  }
}

/** The next event or none, one at a time: an event that comes after its time is kept for the next call. */
class NextEvents implements Disposable {
  readonly #over = new AbortController();
  readonly #events: AsyncGenerator<Event>;
  #pending: Promise<IteratorResult<Event>> | undefined;

  constructor(engine: Engine, signal: AbortSignal) {
    signal.addEventListener("abort", () => this.#over.abort(), { signal: this.#over.signal });
    this.#events = readEvents(engine, { since: undefined, until: undefined, signal: this.#over.signal });
    this.#pending = this.#events.next();
  }

  async next(milliseconds: number): Promise<Event | undefined> {
    this.#pending ??= this.#events.next();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), milliseconds);
    });
    const found = await Promise.race([this.#pending, late]);
    clearTimeout(timer);
    if (found === undefined) return undefined;
    this.#pending = undefined;
    return found.done === true ? undefined : found.value;
  }

  [Symbol.dispose](): void {
    this.#over.abort();
    void this.#events.return(undefined);
  }
}
