import { read } from "node:fs";
import { resizeTerminal } from "#host";
import { AttachSocket, stdinChunk } from "./attach-socket.ts";
import type { ContainerFolder } from "./folder.ts";

export interface Streams {
  /** Undefined: nothing is sent. */
  readonly stdin: number | undefined;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
  /** Keys that detach, as bytes; undefined: none. */
  readonly detachKeys: Uint8Array | undefined;
}

/** An open attach socket, whose relay is still to begin: open it before the program starts, and nothing is missed. */
export class Attachment {
  readonly #socket: AttachSocket;
  readonly #place: ContainerFolder;

  constructor(place: ContainerFolder) {
    this.#place = place;
    this.#socket = new AttachSocket(place);
  }

  resize(rows: number, columns: number): void {
    try {
      resizeTerminal(this.#place.bundle, rows, columns);
    } catch {
      // The container has just ended, and its control pipe with it.
    }
  }

  /**
   * Passes bytes both ways until the container ends, or the detach keys are typed. Neither way waits for the other:
   * conmon reads our input only while we read its output. A slow reader of the output holds the program up, and no
   * memory grows.
   */
  async relay(streams: Streams): Promise<"ended" | "detached"> {
    const { promise, resolve } = Promise.withResolvers<"ended" | "detached">();
    void this.#socket.ended.then(() => resolve("ended"));
    await this.#socket.open((stream, bytes) => (stream === 2 ? streams.stderr : streams.stdout)(bytes));
    if (streams.stdin !== undefined)
      void this.#send(streams.stdin, streams.detachKeys, () => resolve("detached"));
    return await promise;
  }

  async #send(stdin: number, detachKeys: Uint8Array | undefined, detached: () => void): Promise<void> {
    const chunk = Buffer.allocUnsafe(stdinChunk);
    const watch = detachKeys === undefined ? undefined : new KeySequence(detachKeys);
    for (;;) {
      const count = await readSome(stdin, chunk);
      if (count === 0) return this.#socket.finishInput();
      const seen = watch?.feed(chunk.subarray(0, count));
      if (!(await this.#socket.write(seen?.pass ?? chunk.subarray(0, count)))) return;
      if (seen?.complete) return detached();
    }
  }
}

/** Bytes that were read; 0 at the end, and where nothing can be read. */
async function readSome(fd: number, chunk: Buffer): Promise<number> {
  for (;;) {
    const { error, count } = await new Promise<{ error: NodeJS.ErrnoException | null; count: number }>(
      (done) =>
        read(fd, chunk, 0, chunk.length, null, (failure, bytes) => done({ error: failure, count: bytes })),
    );
    if (error === null) return count;
    if (error.code !== "EAGAIN" && error.code !== "EINTR") return 0;
    // Another program has set O_NONBLOCK on the terminal or pipe that we share with it.
    await Bun.sleep(5);
  }
}

/** Looks for a key sequence in what is typed; bytes that may be its beginning are held back. */
export class KeySequence {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  feed(bytes: Uint8Array): { readonly pass: Uint8Array; readonly complete: boolean } {
    const pass: number[] = [];
    for (const byte of bytes) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { pass: Uint8Array.from(pass), complete: true };
        continue;
      }
      pass.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Uint8Array.from(pass), complete: false };
  }
}
