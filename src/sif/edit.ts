import { fdatasyncSync, ftruncateSync } from "node:fs";
import { type Lock, lockExclusive } from "#host";
import { isVialError } from "#spec";
import { writeAll } from "./create.ts";
import { sifUnwritable } from "./error.ts";
import { chunkBytes, openSif, type SifFile } from "./file.ts";
import { encodeHeader, type SifHeader } from "./header.ts";
import { alignUp, endOfObjects, tableOffset } from "./layout.ts";

const page = 4096;

// Changes of a file that is there, in place. A SIF file may have 50 GB, and a signature of one kilobyte must not cost a copy
// of it; only some file systems can share blocks between two files (reflink), and on the others copy_file_range(2) copies.
//
// The file is old or new at any moment, for whoever opens it and for a kill -9 or a power cut:
//
//   1. new data go where no descriptor points: behind the last object
//   2. the new table goes behind all that, and is waited for (fdatasync)
//   3. the header is written, and points to that table. 128 bytes at offset 0 lie in one page and one sector, so the
//      kernel and the disk write them whole or not at all. This is the moment of change.
//   4. the new table goes to its place at the front, which nothing points to now, and is waited for
//   5. the header is written again, and points there
//   6. the file is cut to its length, which removes the table behind
//
// A file that is left between 3 and 6 is right by the format, for a header says where the table is. The next change brings
// it home first: siftool would write its next object over a table that lies behind the data.

export interface Draft {
  header: SifHeader;
  /** All slots; a change writes into it. */
  readonly table: Buffer;
  /** The length that the file shall have; undefined: as it is, or to the end of what was added. */
  length: number | undefined;
  /** Where bytes were added, so that the table behind keeps clear of them. */
  addedEnd: number;
  /** Bytes to overwrite with zeros when nothing points to them any more. */
  zero: { readonly offset: number; readonly size: number } | undefined;
}

/** A change that has nothing to do says so, and the file stays as it is to the last byte. */
export type Change = (file: SifFile, draft: Draft) => "changed" | "nothing";

/**
 * Opens a file, lets `change` add data and alter the draft, and writes the result. Vial processes wait for each other;
 * siftool knows no lock.
 */
export function editSif(path: string, change: Change): void {
  // Before the lock, which would make a file that is not there.
  openSif(path, "write")[Symbol.dispose]();
  using _lock = lockIfPossible(path);
  bringHome(path);
  using file = openSif(path, "write");
  let changed = false;
  try {
    const draft = draftOf(file);
    if (change(file, draft) === "nothing") return;
    for (const step of commit(file, draft)) changed ||= step === "changed";
  } catch (error) {
    // What was added behind the end of the old file is nobody's. After the moment of change it is the file's.
    if (!changed) ftruncateSync(file.fd, file.size);
    throw isVialError(error) || (error as NodeJS.ErrnoException).code === undefined
      ? error
      : sifUnwritable(path, error);
  }
}

/** A draft that changes nothing yet. */
export function draftOf(file: SifFile): Draft {
  return {
    header: file.header,
    table: Buffer.from(file.table),
    length: undefined,
    addedEnd: endOfObjects(file.header, file.objects),
    zero: undefined,
  };
}

/** Writes the draft. Stops after each write, for tests that look at what a kill there would leave. */
export function* commit(file: SifFile, draft: Draft): Generator<"old" | "changed", void> {
  const { fd, size } = file;
  const { header, table, addedEnd } = draft;
  const end = Math.max(size, addedEnd);
  const behind = { ...header, descriptorsOffset: alignUp(end, page) };
  writeTable(fd, behind, table);
  yield "old";
  writeHeader(fd, behind);
  yield "changed";
  writeTable(fd, header, table);
  yield "changed";
  writeHeader(fd, header);
  yield "changed";
  if (draft.zero !== undefined) writeZeros(fd, draft.zero.offset, draft.zero.size);
  yield "changed";
  ftruncateSync(fd, draft.length ?? end);
  fdatasyncSync(fd);
}

function writeTable(fd: number, header: SifHeader, table: Buffer): void {
  writeAll(fd, table, header.descriptorsOffset);
  fdatasyncSync(fd);
}

function writeHeader(fd: number, header: SifHeader): void {
  writeAll(fd, encodeHeader(header), 0);
  fdatasyncSync(fd);
}

/** Finishes the work of a process that died between 3 and 6. */
function bringHome(path: string): void {
  using file = openSif(path, "write");
  const { header, table, fd } = file;
  if (header.descriptorsOffset < header.dataOffset || tableOffset + table.length > header.dataOffset) return;
  const home = { ...header, descriptorsOffset: tableOffset };
  writeTable(fd, home, table);
  writeHeader(fd, home);
  ftruncateSync(fd, endOfObjects(home, file.objects));
}

function writeZeros(fd: number, offset: number, size: number): void {
  const zeros = Buffer.alloc(Math.min(chunkBytes, size));
  for (let done = 0; done < size; done += zeros.length)
    writeAll(fd, zeros.subarray(0, Math.min(zeros.length, size - done)), offset + done);
}

/**
 * Lustre without its mount option "flock", and some others, have no locks. A person changes a SIF file by hand, one command
 * at a time, and siftool does it without: so we do there too.
 */
function lockIfPossible(path: string): Lock | undefined {
  try {
    return lockExclusive(path);
  } catch (error) {
    if (isVialError(error) && error.code === "lock-unsupported") return undefined;
    throw isVialError(error) ? error : sifUnwritable(path, error);
  }
}
