import { connectAttach, finishWriting } from "#host";
import type { ContainerFolder } from "./folder.ts";

// conmon's attach socket keeps packets apart: what we send is standard input; what comes begins with a byte that tells
// standard output (2) from standard error (3).

/** As in the frames of Docker's API: 1 is standard output, 2 standard error. */
export type OutputStream = 1 | 2;

/** conmon takes at most 32 KiB of a packet, and drops the rest. */
export const stdinChunk = 8 * 1024;

/** The streams of a container under conmon, in this process's event loop. Connected from the beginning. */
export class AttachSocket {
  readonly #fd: number;
  readonly #ended = Promise.withResolvers<void>();
  #writable = Promise.withResolvers<void>();
  #socket: Bun.Socket | undefined;
  #isOver = false;

  constructor(place: ContainerFolder) {
    this.#fd = connectAttach(place.bundle);
  }

  /** The container has ended, or close() was called; what it printed before has been taken. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Begins to read. A packet that waits in the kernel meanwhile is not lost. */
  async open(take: (stream: OutputStream, bytes: Uint8Array) => void): Promise<void> {
    const over = () => {
      this.#isOver = true;
      this.#ended.resolve();
      this.#writable.resolve();
    };
    // Each call of `data` is one packet, because the kernel gives one packet per recv(2) on such a socket.
    const options: Bun.FdSocketOptions = {
      fd: this.#fd,
      socket: {
        data: (_socket, packet) => take(packet[0] === 3 ? 2 : 1, packet.subarray(1)),
        drain: () => {
          this.#writable.resolve();
          this.#writable = Promise.withResolvers();
        },
        end: over,
        close: over,
        error: over,
      },
    };
    // Bun takes a descriptor here, and its types know of it, but for the signature of connect().
    this.#socket = await Bun.connect(options as unknown as Bun.UnixSocketOptions);
  }

  /** Sends input. False when the container no longer takes any. */
  async write(bytes: Uint8Array): Promise<boolean> {
    for (let from = 0; from < bytes.length; from += stdinChunk)
      if (!(await this.#writePacket(bytes.subarray(from, from + stdinChunk)))) return false;
    return !this.#isOver;
  }

  /** A packet goes whole or not at all. */
  async #writePacket(packet: Uint8Array): Promise<boolean> {
    for (;;) {
      if (this.#isOver || this.#socket === undefined) return false;
      const drained = this.#writable.promise;
      const count = this.#socket.write(packet);
      if (count !== 0) return count > 0;
      await drained;
    }
  }

  /** Nothing more will be written. */
  finishInput(): void {
    if (!this.#isOver) finishWriting(this.#fd);
  }

  /** Stops reading: conmon then waits, and the program with it, so that nothing piles up. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#isOver) this.#socket?.resume();
  }

  close(): void {
    this.#socket?.terminate();
  }
}
