import { closeSync, fstatSync, openSync, readdirSync, statSync } from "node:fs";
import { isAlive, watchFolder } from "#host";
import type { Engine } from "../engine-handle.ts";
import { noLog } from "../error.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { LogPrinter, type LogSlice, readUpTo, startOfTail } from "./log-record.ts";
import { currentState, isWatched } from "./state.ts";

export interface LogWish {
  /** Goes on until the container has ended, and its restart policy brings it back no more. */
  readonly follow: boolean;
  /** The last lines alone; undefined is all. */
  readonly tail: number | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  /** Puts the time of each line before it. */
  readonly timestamps: boolean;
  /** Puts the attributes of each line before it. There are none: what remains is a blank, as in Docker. */
  readonly details?: boolean;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

const chunkSize = 256 * 1024;
/** For what no file event tells: a container and its monitor that were killed, the time of `until`. Milliseconds. */
const lookAgain = 1000;

/**
 * Gives what a container has printed, in constant memory. A slice holds whole lines or parts of one, and is valid until
 * the next is asked for. Throws container-unknown, no-log.
 */
export async function* readLog(engine: Engine, name: string, wish: LogWish): AsyncGenerator<LogSlice> {
  const place = findContainer(engine, name);
  const path = `${place.folder}/log`;
  refuseWithoutLog(name, place, path);
  const printer = new LogPrinter(wish);
  const files = wish.follow ? new LogFollower(place, path, wish) : undefined;
  try {
    const older = olderLogs(place, path, wish.tail);
    for (const { file, start } of older)
      for (const bytes of readToEnd(file, start)) yield* printer.print(bytes);
    const tail = older.length > 0 ? undefined : wish.tail;
    if (files === undefined) {
      const start = tail === undefined ? 0 : startIn(path, tail).start;
      for (const bytes of readToEnd(path, start)) {
        yield* printer.print(bytes);
        if (printer.isPast) return;
      }
    } else
      for await (const bytes of files.follow(tail)) {
        yield* printer.print(bytes);
        if (printer.isPast) return;
      }
  } finally {
    files?.close();
  }
}

/** Throws what readLog() throws at its first step. */
export function requireLog(engine: Engine, name: string): void {
  const place = findContainer(engine, name);
  refuseWithoutLog(name, place, `${place.folder}/log`);
}

function refuseWithoutLog(name: string, place: ContainerFolder, path: string): void {
  const spec = readSpec(place);
  if (spec.log.driver === "none") throw noLog(name, "it was created with --log-driver none");
  if (spec.autoRemove && currentState(place).status !== "created" && !isThere(path))
    throw noLog(name, "it was run with --rm in the foreground, where the output goes to that terminal alone");
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** What a conmon that rotates has set aside, `log.1` the newest; with `tail`, as much as the current file lacks. */
function olderLogs(place: ContainerFolder, path: string, tail: number | undefined) {
  const numbers = readdirSync(place.folder)
    .map((name) => Number(/^log\.(\d+)$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > 0)
    .sort((a, b) => a - b);
  let missing = tail === undefined ? Number.POSITIVE_INFINITY : startIn(path, tail).missing;
  const files: { file: string; start: number }[] = [];
  for (const number of numbers) {
    if (missing === 0) break;
    const file = `${path}.${number}`;
    const found = missing === Number.POSITIVE_INFINITY ? { start: 0, missing } : startIn(file, missing);
    files.unshift({ file, start: found.start });
    missing = found.missing;
  }
  return files;
}

function startIn(path: string, tail: number): { readonly start: number; readonly missing: number } {
  const fd = open(path);
  if (fd === undefined) return { start: 0, missing: tail };
  try {
    return startOfTail(fd, tail);
  } finally {
    closeSync(fd);
  }
}

function* readToEnd(path: string, start: number): Generator<Buffer> {
  const fd = open(path);
  if (fd === undefined) return;
  try {
    const chunk = Buffer.allocUnsafe(chunkSize);
    for (let position = start; ; ) {
      const count = readUpTo(fd, chunk, position);
      if (count === 0) return;
      position += count;
      yield chunk.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

/** Reads a log that grows, through its rotation by rename, to the container's end. */
class LogFollower {
  readonly #place: ContainerFolder;
  readonly #path: string;
  readonly #until: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #watch: Disposable;
  #fd: number | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(place: ContainerFolder, path: string, wish: Pick<LogWish, "until" | "signal">) {
    this.#place = place;
    this.#path = path;
    this.#until = wish.until;
    this.#signal = wish.signal;
    this.#watch = watchFolder(place.folder, this.#wake);
    this.#signal?.addEventListener("abort", this.#wake);
  }

  readonly #wake = (): void => this.#changed.resolve();

  async *follow(tail: number | undefined): AsyncGenerator<Buffer> {
    const chunk = Buffer.allocUnsafe(chunkSize);
    let position = tail === undefined ? 0 : startIn(this.#path, tail).start;
    for (;;) {
      // First, so that what is written before the end is read after we know of it.
      const ended = this.#isOver();
      this.#changed = Promise.withResolvers();
      this.#fd ??= open(this.#path);
      if (this.#fd !== undefined) {
        for (let count = 1; count > 0; position += count) {
          count = readUpTo(this.#fd, chunk, position);
          if (count > 0) yield chunk.subarray(0, count);
        }
        if (wasReplaced(this.#path, this.#fd)) {
          // conmon began a new file when the old one had its size, and writes to the old one no more: read its last.
          for (let count = 1; count > 0; position += count) {
            count = readUpTo(this.#fd, chunk, position);
            if (count > 0) yield chunk.subarray(0, count);
          }
          closeSync(this.#fd);
          this.#fd = undefined;
          position = 0;
          continue;
        }
      }
      if (ended || this.#signal?.aborted === true) return;
      const timer = setTimeout(this.#wake, lookAgain);
      await this.#changed.promise;
      clearTimeout(timer);
    }
  }

  #isOver(): boolean {
    if (this.#until !== undefined && Date.now() > this.#until) return true;
    const state = currentState(this.#place);
    if (state.status === "exited") return state.restarter === undefined || !isAlive(state.restarter);
    return state.status === "created" || (state.status === "dead" && !isWatched(this.#place, state.was));
  }

  close(): void {
    this.#watch[Symbol.dispose]();
    this.#signal?.removeEventListener("abort", this.#wake);
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function wasReplaced(path: string, fd: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(fd).ino;
}
