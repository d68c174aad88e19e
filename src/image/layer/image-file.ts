import { writeSync } from "node:fs";
import { erofsBlock } from "./erofs-format.ts";

const stretch = 64 * 1024;
const zeros = Buffer.alloc(stretch);

/**
 * Ascending writes into a new file, gathered in one buffer. Long stretches of zeros are not written at all: the file
 * has a hole there, so an archive full of zeros costs no disk.
 */
export class ImageFile {
  #fd: number;
  readonly #buffer: Buffer;
  #start = 0;
  #length = 0;

  constructor(fd: number, capacity: number) {
    this.#fd = fd;
    this.#buffer = Buffer.alloc(capacity);
  }

  /** Goes on with another file. Call flush() first. */
  reopen(fd: number): void {
    this.#fd = fd;
    this.#start = 0;
  }

  put(position: number, bytes: Buffer): void {
    if (bytes.length >= this.#buffer.length / 4) {
      this.flush();
      writeWithHoles(this.#fd, bytes, bytes.length, position);
      this.#start = position + bytes.length;
      return;
    }
    // Fills the buffer to its end, so that what is written begins and ends at even places and zeros are seen.
    const isNext = position === this.#start + this.#length;
    const first = isNext ? Math.min(bytes.length, this.#buffer.length - this.#length) : bytes.length;
    bytes.copy(this.#buffer, this.claim(position, first), 0, first);
    if (first < bytes.length) {
      bytes.copy(this.#buffer, this.claim(position + first, bytes.length - first), first);
    }
  }

  /** Where in `buffer` the bytes for `position` are to be put. At most the capacity; the room is not cleared. */
  claim(position: number, length: number): number {
    const gap = position - this.#start - this.#length;
    // A gap of a block or more may belong to somebody else, so it is never filled.
    if (gap < 0 || gap >= erofsBlock || this.#length + gap + length > this.#buffer.length) {
      this.flush();
      this.#start = position;
    } else if (gap > 0) {
      this.#buffer.fill(0, this.#length, this.#length + gap);
      this.#length += gap;
    }
    const at = this.#length;
    this.#length += length;
    return at;
  }

  get buffer(): Buffer {
    return this.#buffer;
  }

  flush(): void {
    if (this.#length > 0) writeWithHoles(this.#fd, this.#buffer, this.#length, this.#start);
    this.#start += this.#length;
    this.#length = 0;
  }
}

/** Writes `length` bytes at `position`, leaving out long stretches of zeros. Set the length of the file afterwards. */
function writeWithHoles(fd: number, bytes: Buffer, length: number, position: number): void {
  let from = 0;
  for (let at = 0; at + stretch <= length; at += stretch) {
    // Ends at the first byte that differs, so it costs nothing for ordinary content.
    if (bytes.compare(zeros, 0, stretch, at, at + stretch) !== 0) continue;
    writeAll(fd, bytes, from, at, position + from);
    from = at + stretch;
  }
  writeAll(fd, bytes, from, length, position + from);
}

function writeAll(fd: number, bytes: Buffer, from: number, to: number, position: number): void {
  for (let at = from; at < to; ) at += writeSync(fd, bytes, at, to - at, position + at - from);
}
