import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

let counter = 0;

/** Whether a failed write means that the disk, or the user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT";
}

function temporaryName(path: string): string {
  counter++;
  return `${path}.tmp-${process.pid}-${counter}`;
}

/**
 * Replaces `path` by `content` so that a reader, or a kill -9, sees the old file or the new one, never a part.
 * Does not wait for the disk; `writeDurable` does.
 */
export function writeAtomic(path: string, content: string | Uint8Array, mode = 0o644): void {
  replace(path, content, mode, false);
}

/** writeAtomic() that also survives a power cut. For small files that name other content. */
export function writeDurable(path: string, content: string | Uint8Array, mode = 0o644): void {
  replace(path, content, mode, true);
}

function replace(path: string, content: string | Uint8Array, mode: number, durable: boolean): void {
  const temporary = temporaryName(path);
  const fd = openNew(temporary, mode);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    for (let offset = 0; offset < bytes.length; ) offset += writeSync(fd, bytes, offset);
    if (durable) fsyncSync(fd);
  } catch (error) {
    closeSync(fd);
    rmSync(temporary, { force: true });
    throw error;
  }
  closeSync(fd);
  renameSync(temporary, path);
}

function openNew(path: string, mode: number): number {
  try {
    return openSync(path, "wx", mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, "wx", mode);
  }
}
