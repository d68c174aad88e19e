import { existsSync } from "node:fs";
import { conmonFile, watchFolder } from "#host";
import type { Engine } from "../engine-handle.ts";
import { containerPaused, notAttachable } from "../error.ts";
import { AttachSocket, type OutputStream } from "./attach-socket.ts";
import { type ContainerFolder, hasSpec, readSpec } from "./folder.ts";
import { announceJoin, mayJoinNow, settleJoin } from "./start-handshake.ts";
import { currentState, type LiveState } from "./state.ts";

// The streams of a container for any number of clients of one process: one attach socket, because a conmon whose container
// is to read an end of its input gives it that end as soon as any of its clients goes.

/** Takes output. A promise means that it can take no more until that resolves; nothing is kept for it meanwhile. */
export type TakeOutput = (stream: OutputStream, bytes: Uint8Array) => Promise<void> | undefined;

/** Somebody's part in the streams of a program. */
export interface Joined {
  /** The program has ended and its output has been taken, or leave() was called. */
  readonly ended: Promise<void>;
  /** Sends input; waits for a program that has not begun. False when nothing takes it any more. */
  write(bytes: Uint8Array): Promise<boolean>;
  /** Nothing more will be written. */
  finishInput(): Promise<void>;
  leave(): void;
}

/** For what no file event tells. Milliseconds. */
const lookAgain = 1000;

const joined = new Map<string, ContainerStreams>();

/** Joins the streams of a container that runs, or will be started: then before its first byte. */
export function joinStreams(engine: Engine, place: ContainerFolder, take: TakeOutput): Joined {
  const key = `${engine.place.root} ${place.id}`;
  let streams = joined.get(key);
  if (streams === undefined) {
    streams = new ContainerStreams(place, () => joined.delete(key));
    joined.set(key, streams);
  }
  return streams.join(take);
}

/** Throws what stands in the way of joining: container-paused, not-attachable. */
export function requireJoinable(place: ContainerFolder): void {
  const { status } = currentState(place);
  const { name } = readSpec(place);
  if (status === "paused") throw containerPaused(name);
  if (status === "running" && !existsSync(`${place.bundle}/${conmonFile.attach}`)) throw notAttachable(name);
}

class ContainerStreams {
  readonly #place: ContainerFolder;
  readonly #forget: () => void;
  /** The end of its input is for the program to see: the socket stays open for as long as it runs. */
  readonly #staysOpen: boolean;
  readonly #members = new Set<{ readonly take: TakeOutput; readonly end: () => void }>();
  /** True when the socket is open, false when it will not be. */
  readonly #opened = Promise.withResolvers<boolean>();
  #socket: AttachSocket | undefined;
  #waiting: Disposable | undefined;

  constructor(place: ContainerFolder, forget: () => void) {
    this.#place = place;
    this.#forget = forget;
    const spec = readSpec(place);
    this.#staysOpen = spec.interactive && spec.stdinOnce === true && !spec.terminal;
    if (isUp(currentState(place))) this.#connect();
    else this.#awaitStart();
  }

  join(take: TakeOutput): Joined {
    const ended = Promise.withResolvers<void>();
    const member = { take, end: ended.resolve };
    this.#members.add(member);
    if (this.#socket === undefined && this.#waiting === undefined) ended.resolve();
    return {
      ended: ended.promise,
      write: async (bytes) => (await this.#opened.promise) && (await this.#socket?.write(bytes)) === true,
      finishInput: async () => {
        if (await this.#opened.promise) this.#socket?.finishInput();
      },
      leave: () => {
        this.#members.delete(member);
        ended.resolve();
        if (this.#members.size > 0) return;
        if (this.#socket === undefined) this.#end();
        else if (!this.#staysOpen) this.#socket.close();
      },
    };
  }

  #awaitStart(): void {
    const before = finishedAt(currentState(this.#place));
    const look = () => {
      if (this.#waiting === undefined) return;
      const state = currentState(this.#place);
      const end = finishedAt(state);
      if (mayJoinNow(this.#place) || isUp(state)) this.#connect();
      // Removed, or a start that did not come about.
      else if (!hasSpec(this.#place) || (end !== undefined && end !== before)) this.#end();
    };
    const watcher = watchFolder(this.#place.folder, look);
    const timer = setInterval(look, lookAgain);
    this.#waiting = {
      [Symbol.dispose]: () => {
        watcher[Symbol.dispose]();
        clearInterval(timer);
        settleJoin(this.#place);
      },
    };
    announceJoin(this.#place, () => this.#connect());
  }

  /** Synchronous, for the starter begins the program when we return. */
  #connect(): void {
    if (this.#socket !== undefined) return;
    try {
      this.#socket = new AttachSocket(this.#place);
    } catch {
      // It has ended already, or has no monitor.
      this.#end();
      return;
    }
    this.#stopWaiting();
    void this.#relay(this.#socket);
  }

  async #relay(socket: AttachSocket): Promise<void> {
    void socket.ended.then(() => this.#end());
    await socket.open((stream, bytes) => {
      const full: Promise<void>[] = [];
      for (const { take } of this.#members) {
        const room = take(stream, bytes);
        if (room !== undefined) full.push(room);
      }
      if (full.length === 0) return;
      socket.pause();
      void Promise.all(full).then(() => socket.resume());
    });
    this.#opened.resolve(true);
    if (this.#members.size === 0 && !this.#staysOpen) socket.close();
  }

  #stopWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.[Symbol.dispose]();
  }

  #end(): void {
    this.#stopWaiting();
    this.#forget();
    this.#opened.resolve(false);
    for (const { end } of this.#members) end();
    this.#members.clear();
  }
}

function isUp(state: LiveState): boolean {
  return state.status === "running" || state.status === "paused";
}

function finishedAt(state: LiveState): string | undefined {
  return state.status === "exited" ? state.finishedAt : undefined;
}
