import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
} from "node:fs";
import { isDiskFull, watchFolder } from "#host";
import type { NetworkRecord } from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "./engine-handle.ts";

// One line per event in ROOT/events.jsonl. A line is appended by one write(2), so that many processes may write at once.

export interface Event {
  /** Nanoseconds since 1970 would not fit a number: milliseconds. */
  readonly time: number;
  readonly type: "container" | "image" | "network" | "volume";
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const maxBytes = 8 * 1024 * 1024;

export function eventsFile(engine: Engine): string {
  return `${engine.place.root}/events.jsonl`;
}

export function recordEvent(
  engine: Engine,
  spec: ContainerSpec,
  action: string,
  attributes: Readonly<Record<string, string>> = {},
): void {
  append(engine, {
    time: Date.now(),
    type: "container",
    action,
    id: spec.id,
    attributes: { image: spec.imageName, name: spec.name, ...spec.labels, ...attributes },
  });
}

/** `id`: the image's ID, or the name where it is the name that something happened to. */
export function recordImageEvent(engine: Engine, action: string, id: string, name: string = id): void {
  append(engine, { time: Date.now(), type: "image", action, id, attributes: { name } });
}

/** `attributes`: of connect and disconnect the container. */
export function recordNetworkEvent(
  engine: Engine,
  network: Pick<NetworkRecord, "id" | "name" | "driver">,
  action: "create" | "connect" | "disconnect" | "destroy",
  attributes: Readonly<Record<string, string>> = {},
): void {
  append(engine, {
    time: Date.now(),
    type: "network",
    action,
    id: network.id,
    attributes: { name: network.name, type: network.driver, ...attributes },
  });
}

/** As Docker's: the volume is named by its name, and `mount` and `unmount` say for which container. */
export function recordVolumeEvent(
  engine: Engine,
  name: string,
  action: "create" | "mount" | "unmount" | "destroy",
  attributes: Readonly<Record<string, string>> = {},
): void {
  append(engine, {
    time: Date.now(),
    type: "volume",
    action,
    id: name,
    attributes: { driver: "local", ...attributes },
  });
}

function append(engine: Engine, event: Event): void {
  const file = eventsFile(engine);
  try {
    appendFileSync(file, `${JSON.stringify(event)}\n`, { mode: 0o600 });
  } catch (error) {
    // On a full disk the removal of what fills it must go on.
    if (isDiskFull(error)) return;
    throw error;
  }
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) renameSync(file, `${file}.1`);
}

/** For what no file event tells. Milliseconds. */
const lookAgain = 5000;

export interface EventsWish {
  /** Milliseconds since 1970; undefined: what happens from now on. */
  readonly since: number | undefined;
  /** Undefined: it does not end. */
  readonly until: number | undefined;
  /** Ends it too. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The events from `since` on, and as they come until `until`. A reader that is slow has its place in the file, and nothing
 * is kept for it in memory. What happens after the call is not missed, however late it is asked for.
 */
export function readEvents(engine: Engine, wish: EventsWish): AsyncGenerator<Event> {
  const file = eventsFile(engine);
  const fd = openSync(file, "a+", 0o600);
  return followEvents(engine, wish, fd, wish.since === undefined ? fstatSync(fd).size : 0);
}

async function* followEvents(
  engine: Engine,
  wish: EventsWish,
  opened: number,
  from: number,
): AsyncGenerator<Event> {
  const file = eventsFile(engine);
  const { since = 0, until, signal } = wish;
  const fits = (event: Event): boolean => event.time >= since && (until === undefined || event.time <= until);
  let fd = opened;
  let position = from;
  let rest = "";
  let changed = Promise.withResolvers<void>();
  const wake = () => changed.resolve();
  using _watch = watchFolder(engine.place.root, (name) => {
    if (name === null || name.startsWith("events.jsonl")) wake();
  });
  signal?.addEventListener("abort", wake);
  try {
    if (from === 0) for (const event of parseEvents(readOr(`${file}.1`))) if (fits(event)) yield event;
    const chunk = Buffer.alloc(64 * 1024);
    for (;;) {
      changed = Promise.withResolvers();
      for (
        let count = readSync(fd, chunk, 0, chunk.length, position);
        count > 0;
        count = readSync(fd, chunk, 0, chunk.length, position)
      ) {
        position += count;
        const text = rest + chunk.toString("utf8", 0, count);
        const end = text.lastIndexOf("\n") + 1;
        rest = text.slice(end);
        for (const event of parseEvents(text.slice(0, end))) if (fits(event)) yield event;
      }
      const now = statSync(file, { throwIfNoEntry: false });
      if (now !== undefined && now.ino !== fstatSync(fd).ino) {
        closeSync(fd);
        fd = openSync(file, "a+", 0o600);
        position = 0;
        continue;
      }
      const left = until === undefined ? lookAgain : until - Date.now();
      if (left <= 0 || signal?.aborted === true) return;
      await awaitChange(changed.promise, Math.min(lookAgain, left));
    }
  } finally {
    signal?.removeEventListener("abort", wake);
    closeSync(fd);
  }
}

/** Not Bun.sleep(): a thousand that nobody waits for any more would stay. */
async function awaitChange(changed: Promise<void>, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([
    changed,
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    }),
  ]);
  clearTimeout(timer);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** A line that a kill -9 cut short is left out. */
function parseEvents(text: string): readonly Event[] {
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as Event];
    } catch {
      return [];
    }
  });
}
