import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { SifFault } from "./fault.ts";
import {
  sifDamaged,
  sifForeign,
  sifObjectUnknown,
  sifUnreadable,
  sifUnwritable,
  sifVersionUnknown,
} from "./error.ts";
import type { SifHeader } from "./header.ts";
import type { SifObject } from "./object.ts";
import { readSif, type SifSource } from "./read.ts";

/** Bytes that are held at a time while data pass through this process. */
export const chunkBytes = 1024 * 1024;

/** An open SIF file, read and found right. Closes itself. */
export class SifFile implements Disposable {
  readonly path: string;
  readonly fd: number;
  /** Bytes of the whole file. */
  readonly size: number;
  readonly header: SifHeader;
  /** Its 128 bytes. */
  readonly head: Buffer;
  readonly objects: readonly SifObject[];
  /** All slots of descriptors, as they are in the file. */
  readonly table: Buffer;

  /** Reads from an open descriptor, which stays the caller's where this throws. Errors as openSif(). */
  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
    const info = fstatSync(fd);
    if (!info.isFile()) throw sifForeign(path, "it is not a regular file");
    this.size = info.size;
    try {
      ({
        header: this.header,
        head: this.head,
        objects: this.objects,
        table: this.table,
      } = readSif(sourceOf(fd, info.size)));
    } catch (error) {
      if (!(error instanceof SifFault)) throw error;
      if (error.kind === "foreign") throw sifForeign(path, error.message);
      throw error.kind === "version"
        ? sifVersionUnknown(path, error.message)
        : sifDamaged(path, error.at, error.message);
    }
  }

  /** Throws sif-object-unknown. */
  object(id: number): SifObject {
    const found = this.objects.find((object) => object.id === id);
    if (found === undefined)
      throw sifObjectUnknown(
        this.path,
        String(id),
        this.objects.map((object) => object.id),
      );
    return found;
  }

  /** The data of an object, in pieces that are good until the next is asked for. */
  *read(object: SifObject): Generator<Uint8Array, void> {
    const buffer = Buffer.alloc(Math.min(chunkBytes, object.size));
    for (let done = 0; done < object.size; ) {
      const wanted = Math.min(buffer.length, object.size - done);
      const count = readSync(this.fd, buffer, 0, wanted, object.offset + done);
      // The size was checked against the file's when it was opened: somebody has cut it since.
      if (count === 0) throw sifDamaged(this.path, object.offset + done, `object ${object.id} ends early`);
      yield buffer.subarray(0, count);
      done += count;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** Opens a SIF file and reads what it holds. `write`: to change it. Throws sif-foreign, sif-damaged and their like. */
export function openSif(path: string, purpose: "read" | "write" = "read"): SifFile {
  const fd = open(path, purpose);
  try {
    return new SifFile(path, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function open(path: string, purpose: "read" | "write"): number {
  try {
    // A named pipe in place of a file must not hold us up until somebody writes into it.
    const access = purpose === "write" ? constants.O_RDWR : constants.O_RDONLY;
    return openSync(path, access | constants.O_NONBLOCK);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw purpose === "write" && !isAbsent ? sifUnwritable(path, error) : sifUnreadable(path, error);
  }
}

function sourceOf(fd: number, size: number): SifSource {
  return {
    size,
    read(into, position) {
      for (let done = 0; done < into.length; ) {
        const count = readSync(fd, into, done, into.length - done, position + done);
        if (count === 0)
          throw new SifFault(position + done, "the file ends here, though it was longer a moment ago");
        done += count;
      }
    },
  };
}
