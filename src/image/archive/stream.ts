import { closeSync, openSync, readSync } from "node:fs";
import { type Compression, sniffCompression } from "#spec";

export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const chunkSize = 1 << 20;
const EAGAIN = "EAGAIN";

/** The bytes of an open file, pipe or terminal. */
export async function* readDescriptor(fd: number): AsyncGenerator<Buffer, void> {
  for (;;) {
    const chunk = Buffer.allocUnsafe(chunkSize);
    let count: number;
    try {
      count = readSync(fd, chunk, 0, chunk.length, null);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== EAGAIN) throw error;
      await Bun.sleep(2);
      continue;
    }
    if (count === 0) return;
    yield chunk.subarray(0, count);
    // A file never makes one wait: the other requests of a server would, for the whole of a gigabyte (2 s were seen).
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

export async function* readPath(path: string): AsyncGenerator<Buffer, void> {
  const fd = openSync(path, "r");
  try {
    yield* readDescriptor(fd);
  } finally {
    closeSync(fd);
  }
}

/** The bytes as they are, with what their first few say about compression. */
export async function sniffStream(source: ByteSource): Promise<{
  readonly compression: Compression;
  readonly head: Buffer;
  readonly bytes: AsyncIterable<Uint8Array>;
}> {
  const iterator = (async function* () {
    yield* source;
  })();
  const held: Uint8Array[] = [];
  let length = 0;
  while (length < 6) {
    const next = await iterator.next();
    if (next.done === true) break;
    held.push(next.value);
    length += next.value.length;
  }
  const head = Buffer.concat(held).subarray(0, 6);
  async function* bytes() {
    yield* held;
    yield* iterator;
  }
  return { compression: sniffCompression(head), head: Buffer.from(head), bytes: bytes() };
}

/** Undoes gzip or zstd in this process: memory stays constant, whatever the sizes. Damaged input throws node's error. */
export async function* decompress(
  source: ByteSource,
  compression: Compression,
): AsyncGenerator<Uint8Array, void> {
  if (compression === "none") {
    yield* source;
    return;
  }
  const [zlib, streams] = await Promise.all([import("node:zlib"), import("node:stream")]);
  const decoder =
    compression === "gzip" ? zlib.createGunzip({ chunkSize }) : zlib.createZstdDecompress({ chunkSize });
  // The error comes out of the iteration below.
  streams.pipeline(streams.Readable.from(source, { objectMode: true }), decoder, () => {});
  yield* decoder as AsyncIterable<Uint8Array>;
}

/** gzip or zstd with fixed settings, so that the same bytes give the same blob. */
export async function* compress(
  source: ByteSource,
  compression: Exclude<Compression, "none">,
): AsyncGenerator<Uint8Array, void> {
  const [zlib, streams] = await Promise.all([import("node:zlib"), import("node:stream")]);
  const encoder =
    compression === "gzip"
      ? zlib.createGzip({ level: 6, chunkSize })
      : zlib.createZstdCompress({ chunkSize });
  streams.pipeline(streams.Readable.from(evenPieces(source), { objectMode: true }), encoder, () => {});
  yield* encoder as AsyncIterable<Uint8Array>;
}

const pieceSize = 256 * 1024;

/**
 * The same bytes in pieces of one size. What deflate writes depends on how its input was cut (seen with Bun 1.4.5: one
 * tar, read through a pipe twice, gave two blobs), and how a pipe cuts depends on timing.
 */
async function* evenPieces(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  let piece = Buffer.allocUnsafe(pieceSize);
  let length = 0;
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(pieceSize - length, bytes.length - at);
      piece.set(bytes.subarray(at, at + count), length);
      length += count;
      at += count;
      if (length < pieceSize) continue;
      yield piece;
      piece = Buffer.allocUnsafe(pieceSize);
      length = 0;
    }
  }
  if (length > 0) yield piece.subarray(0, length);
}
