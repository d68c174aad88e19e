import { closeSync, fstatSync, openSync, readSync, statSync, watch } from "node:fs";
import type { Engine } from "../engine-handle.ts";
import { noLog } from "../error.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { currentState } from "./state.ts";

// conmon's log: one line per line of output, `TIME STREAM TAG TEXT`; the tag P says that the line goes on in the next
// (conmon, k8s-file; the format of Kubernetes' container runtime interface).

export interface LogLine {
  /** RFC 3339 with nanoseconds, as conmon wrote it. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** With its newline, but for a partial line. */
  readonly text: Buffer;
}

export interface LogWish {
  readonly follow: boolean;
  /** The last lines alone; undefined is all. */
  readonly tail: number | undefined;
  /** Milliseconds since 1970. */
  readonly since: number | undefined;
  readonly until: number | undefined;
}

const newline = 10;
const chunkSize = 256 * 1024;

/** Gives a container's log line by line, in constant memory; with `follow` until the container has ended. */
export async function* readLog(engine: Engine, name: string, wish: LogWish): AsyncGenerator<LogLine> {
  const place = findContainer(engine, name);
  const spec = readSpec(place);
  if (spec.log.driver === "none") throw noLog(name, "it was created with --log-driver none");
  const path = `${place.folder}/log`;
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    const direct = currentState(place).status !== "created" && spec.autoRemove;
    if (direct)
      throw noLog(
        name,
        "it was run with --rm in the foreground, where the output goes to that terminal alone",
      );
    if (!wish.follow) return;
  }
  for await (const line of readLines(place, path, wish)) {
    const time = Date.parse(line.time);
    if (wish.since !== undefined && time < wish.since) continue;
    if (wish.until !== undefined && time > wish.until) return;
    yield line;
  }
}

async function* readLines(place: ContainerFolder, path: string, wish: LogWish): AsyncGenerator<LogLine> {
  let wake = () => {};
  const watcher = wish.follow ? watch(place.folder, () => wake()) : undefined;
  watcher?.on("error", () => wake());
  let fd = open(path);
  let position = fd === undefined ? 0 : startOfTail(fd, wish.tail);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (;;) {
      const ended = wish.follow && isOver(place);
      for (;;) {
        fd ??= open(path);
        if (fd === undefined) break;
        const chunk = Buffer.allocUnsafe(chunkSize);
        const count = readSync(fd, chunk, 0, chunk.length, position);
        if (count === 0) break;
        position += count;
        const bytes =
          rest.length === 0 ? chunk.subarray(0, count) : Buffer.concat([rest, chunk.subarray(0, count)]);
        let from = 0;
        for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, from)) {
          const line = parseLogLine(bytes.subarray(from, end));
          from = end + 1;
          if (line !== undefined) yield line;
        }
        rest = Buffer.from(bytes.subarray(from));
      }
      if (fd !== undefined && wasReplaced(path, fd)) {
        // conmon began a new file when the old one had its size.
        closeSync(fd);
        fd = undefined;
        position = 0;
        rest = Buffer.alloc(0);
        continue;
      }
      if (!wish.follow || ended) return;
      await Promise.race([
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
        Bun.sleep(250),
      ]);
    }
  } finally {
    watcher?.close();
    if (fd !== undefined) closeSync(fd);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, "r");
  } catch {
    return undefined;
  }
}

function wasReplaced(path: string, fd: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  return now !== undefined && now.ino !== fstatSync(fd).ino;
}

function isOver(place: ContainerFolder): boolean {
  try {
    const { status } = currentState(place);
    return status === "exited" || status === "dead" || status === "created";
  } catch {
    return true;
  }
}

/** `2026-11-23T20:16:16.710572929+00:00 stdout F text`; undefined for a line cut short by a kill. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(32);
  const second = line.indexOf(32, first + 1);
  if (first < 0 || second < 0) return undefined;
  const stream = line.toString("latin1", first + 1, second);
  const tag = line[second + 1];
  if ((stream !== "stdout" && stream !== "stderr") || (tag !== 70 && tag !== 80)) return undefined;
  const text = line.subarray(second + 3);
  const whole = tag === 70;
  return {
    time: line.toString("latin1", 0, first),
    stream,
    text: whole ? Buffer.concat([text, Buffer.of(newline)]) : Buffer.from(text),
  };
}

/** Where the last `tail` lines begin, read from the end in pieces. A line that goes on counts once. */
function startOfTail(fd: number, tail: number | undefined): number {
  if (tail === undefined) return 0;
  const size = fstatSync(fd).size;
  if (tail === 0) return size;
  let wanted = tail;
  let position = size;
  const chunk = Buffer.allocUnsafe(chunkSize);
  // Line ends are looked for from the back; the one that ends the file ends the last line.
  let seenEnd = false;
  while (position > 0) {
    const length = Math.min(chunkSize, position);
    position -= length;
    const count = readSync(fd, chunk, 0, length, position);
    for (let index = count - 1; index >= 0; index--) {
      if (chunk[index] !== newline) continue;
      if (!seenEnd) {
        seenEnd = true;
        continue;
      }
      if (--wanted === 0) return position + index + 1;
    }
  }
  return 0;
}
