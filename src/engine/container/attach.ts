import { closeSync, read, writeSync } from "node:fs";
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

const packetSize = 64 * 1024;

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

  /** Passes bytes both ways until the container ends, or the detach keys are typed. */
  relay(streams: Streams): Promise<"ended" | "detached"> {
    return new Promise((resolve) => {
      this.#receive(streams, () => resolve("ended"));
      if (streams.stdin !== undefined)
        this.#send(streams.stdin, streams.detachKeys, () => resolve("detached"));
    });
  }

  #receive(streams: Streams, ended: () => void): void {
    const packet = Buffer.allocUnsafe(packetSize);
    const next = (): void => {
      read(this.#socket, packet, 0, packet.length, null, (error, count) => {
        if (error !== null && (error.code === "EAGAIN" || error.code === "EINTR")) return next();
        if (error !== null || count === 0) return ended();
        const bytes = packet.subarray(1, count);
        if (packet[0] === 3) streams.stderr(bytes);
        else streams.stdout(bytes);
        next();
      });
    };
    next();
  }

  #send(stdin: number, detachKeys: Uint8Array | undefined, detached: () => void): void {
    const chunk = Buffer.allocUnsafe(8 * 1024);
    const watch = detachKeys === undefined ? undefined : new KeySequence(detachKeys);
    const next = (): void => {
      read(stdin, chunk, 0, chunk.length, null, (error, count) => {
        if (error !== null && (error.code === "EAGAIN" || error.code === "EINTR"))
          return void setTimeout(next, 5);
        if (error !== null || count === 0) return finishWriting(this.#socket);
        const seen = watch?.feed(chunk.subarray(0, count));
        if (!this.#write(seen?.pass ?? chunk.subarray(0, count))) return;
        if (seen?.complete) return detached();
        next();
      });
    };
    next();
  }

  /** False when the container no longer takes input. */
  #write(bytes: Uint8Array): boolean {
    try {
      for (let done = 0; done < bytes.length; )
        done += writeSync(this.#socket, bytes, done, bytes.length - done);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    closeSync(this.#socket);
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
