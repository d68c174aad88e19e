import { read } from "node:fs";
import { connectAttach, finishWriting, resizeTerminal } from "#host";
import type { ContainerFolder } from "./folder.ts";

// The streams of a container under conmon. The attach socket keeps packets apart: what we send is standard input; what
// comes begins with a byte that tells standard output (2) from standard error (3).

export interface Streams {
  /** Undefined: nothing is sent. */
  readonly stdin: number | undefined;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
  /** Keys that detach, as bytes; undefined: none. */
  readonly detachKeys: Uint8Array | undefined;
}

/** conmon takes at most 32 KiB of a packet, and drops the rest. */
const stdinChunk = 8 * 1024;

/** An open attach socket, whose relay is still to begin: open it before the program starts, and nothing is missed. */
export class Attachment {
  readonly #socket: number;
  readonly #place: ContainerFolder;

  constructor(place: ContainerFolder) {
    this.#place = place;
    this.#socket = connectAttach(place.bundle);
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
    let writable = Promise.withResolvers<void>();
    const ended = () => {
      resolve("ended");
      writable.resolve();
    };
    // Each call of `data` is one packet, because the kernel gives one packet per recv(2) on such a socket.
    const options: Bun.FdSocketOptions = {
      fd: this.#socket,
      socket: {
        data(_socket, packet) {
          const bytes = packet.subarray(1);
          if (packet[0] === 3) streams.stderr(bytes);
          else streams.stdout(bytes);
        },
        drain() {
          writable.resolve();
          writable = Promise.withResolvers();
        },
        end: ended,
        close: ended,
        error: ended,
      },
    };
    // Bun takes a descriptor here, and its types know of it, but for the signature of connect().
    const socket = await Bun.connect(options as unknown as Bun.UnixSocketOptions);
    /** False when the container no longer takes input. */
    const write = async (bytes: Uint8Array): Promise<boolean> => {
      if (bytes.length === 0) return true;
      for (;;) {
        const drained = writable.promise;
        const count = socket.write(bytes);
        // A packet goes whole or not at all.
        if (count !== 0) return count > 0;
        await drained;
      }
    };
    if (streams.stdin !== undefined)
      void this.#send(streams.stdin, write, streams.detachKeys, () => resolve("detached"));
    return await promise;
  }

  async #send(
    stdin: number,
    write: (bytes: Uint8Array) => Promise<boolean>,
    detachKeys: Uint8Array | undefined,
    detached: () => void,
  ): Promise<void> {
    const chunk = Buffer.allocUnsafe(stdinChunk);
    const watch = detachKeys === undefined ? undefined : new KeySequence(detachKeys);
    for (;;) {
      const count = await readSome(stdin, chunk);
      if (count === 0) return finishWriting(this.#socket);
      const seen = watch?.feed(chunk.subarray(0, count));
      if (!(await write(seen?.pass ?? chunk.subarray(0, count)))) return;
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
