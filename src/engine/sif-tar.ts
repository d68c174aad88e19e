import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { sqfs2tar } from "#host";
import { type SifFile, type SifObject, squashfsRoot } from "#sif";
import type { Engine } from "./engine-handle.ts";

/** The files of the root file system as a tar, in pieces. The file must stay open meanwhile. */
export async function* tarOfPartition(
  engine: Engine,
  file: SifFile | { readonly path: string },
): AsyncGenerator<Uint8Array, void> {
  if (!("fd" in file)) {
    yield* sqfs2tar(file.path);
    return;
  }
  const partition = squashfsRoot(file);
  yield* tarOfObject(engine, file, partition);
}

/** The program reads from the beginning of a file alone, so that a squashfs inside of one is copied out. */
export async function* tarOfObject(
  engine: Engine,
  file: SifFile,
  object: SifObject,
): AsyncGenerator<Uint8Array, void> {
  const { ingest } = engine.store;
  mkdirSync(ingest, { recursive: true, mode: 0o700 });
  // The collector knows by the name that it is of no use when this process is gone.
  const path = `${ingest}/load-${process.pid}-object-${object.id}`;
  try {
    const fd = openSync(path, "w", 0o600);
    try {
      for (const bytes of file.read(object))
        for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    } finally {
      closeSync(fd);
    }
    yield* sqfs2tar(path);
  } finally {
    rmSync(path, { force: true });
  }
}
