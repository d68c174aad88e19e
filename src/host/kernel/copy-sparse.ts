import { ftruncateSync, readSync, writeSync } from "node:fs";
import { errno, moreOfLibc, pointer, SystemError } from "./libc.ts";
import { systemCall } from "./system-call.ts";

const SEEK_DATA = 3n;
const SEEK_HOLE = 4n;
const ENXIO = 6;
const EXDEV = 18;
const EINVAL = 22;
const EOPNOTSUPP = 95;
const piece = 1 << 30;

/**
 * Copies a regular file of `size` bytes to an empty one, inside the kernel where it can (copy_file_range(2)), and leaves
 * its holes out (lseek(2), SEEK_DATA): an image may hold a file that claims terabytes and has none. `copied` is told of
 * each piece, in bytes.
 */
export function copySparse(
  from: number,
  to: number,
  size: number,
  copied: (bytes: number) => void = () => {},
): void {
  ftruncateSync(to, size);
  for (let at = 0; at < size; ) {
    const start = seek(from, at, SEEK_DATA);
    if (start === undefined) return;
    const end = Math.min(size, seek(from, start, SEEK_HOLE) ?? size);
    at = start;
    while (at < end) {
      const count = copyPiece(from, to, at, Math.min(piece, end - at));
      // Shorter than it was: somebody cut it meanwhile.
      if (count === 0) return;
      at += count;
      copied(count);
    }
  }
}

/** Undefined: only a hole is left. A file system that knows no holes has data everywhere. */
function seek(fd: number, at: number, whence: bigint): number | undefined {
  const found = Number(systemCall("lseek", BigInt(fd), BigInt(at), whence));
  if (found >= 0) return found;
  const code = errno();
  if (code === ENXIO) return undefined;
  if (code !== EINVAL && code !== EOPNOTSUPP) throw new SystemError("lseek", code);
  return whence === SEEK_DATA ? at : undefined;
}

function copyPiece(from: number, to: number, at: number, length: number): number {
  const [source, target] = [new BigInt64Array([BigInt(at)]), new BigInt64Array([BigInt(at)])];
  const count = Number(
    moreOfLibc().copy_file_range(from, pointer(source), to, pointer(target), BigInt(length), 0),
  );
  if (count >= 0) return count;
  const code = errno();
  if (![EXDEV, EINVAL, EOPNOTSUPP].includes(code)) throw new SystemError("copy_file_range", code);
  const buffer = Buffer.alloc(Math.min(1 << 20, length));
  const read = readSync(from, buffer, 0, buffer.length, at);
  for (let done = 0; done < read; ) done += writeSync(to, buffer, done, read - done, at + done);
  return read;
}
