import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/** Writes a stream to a file, which is there whole or not at all. */
export function writeWhole(file: string, stream: Iterable<Uint8Array>): void {
  const part = `${file}.part-${process.pid}`;
  const fd = openSync(part, "wx", 0o600);
  try {
    for (const bytes of stream) for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    renameSync(part, file);
  } finally {
    closeSync(fd);
    rmSync(part, { force: true });
  }
}
