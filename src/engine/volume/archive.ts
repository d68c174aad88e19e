import { mkdirSync, readdirSync } from "node:fs";
import { enterPrivateMounts, isAlive, isDiskFull, lockExclusive, openRoot, removeTree } from "#host";
import { type ByteSource, type Copied, copyFiles, copyIn, decompress, exportTree, sniffStream } from "#image";
import { isVialError, reasonOf } from "#spec";
import { ownMark } from "../container/state.ts";
import type { Engine } from "../engine-handle.ts";
import { moveIn } from "./copy-up.ts";
import { createVolume } from "./create.ts";
import { volumeImportFailed } from "./error.ts";
import { isEmptyFolder } from "./fill.ts";
import { findVolume, readVolume, type Volume, volumeFolder } from "./record.ts";
import { removeVolume } from "./remove.ts";
import { closeVolume, showVolume } from "./sources.ts";

/** The files of a volume as a tar stream. Throws volume-unknown. */
export function* exportVolume(engine: Engine, name: string): Generator<Buffer> {
  const volume = findVolume(engine, name);
  const files = show(engine, volume);
  try {
    yield* exportTree(files, { times: "nanoseconds", prefix: "." });
  } finally {
    closeVolume(engine);
  }
}

/**
 * Puts the files of a tar stream, plain or compressed, into a volume, which is made when it is not there. The archive is a
 * stranger's: it is unpacked beside the files, where each name is resolved inside of the top, and devices are left out.
 * Only a whole one is taken over. What the volume has under the same names is replaced. Throws volume-import-failed.
 */
export async function importVolume(engine: Engine, name: string, source: ByteSource): Promise<Copied> {
  const isNew = readVolume(engine, name) === undefined;
  const volume = isNew ? createVolume(engine, { name }) : findVolume(engine, name);
  const folder = volumeFolder(engine, name);
  sweepImports(folder);
  const { pid, startTime } = ownMark();
  const part = `${folder}/_import-${pid}-${startTime}`;
  try {
    mkdirSync(part, { mode: 0o755 });
    const { compression, bytes } = await sniffStream(source);
    const copied = await copyIn(
      decompress(bytes, compression),
      { root: part, path: "/" },
      {
        archive: true,
        top: "archive",
      },
    );
    using _lock = lockExclusive(`${folder}/lock`);
    takeOver(show(engine, volume), part, Object.keys(volume.options).length === 0);
    return copied;
  } catch (error) {
    if (isNew) removeVolume(engine, name, { force: true });
    const why = isDiskFull(error) ? `the disk is full (${reasonOf(error)})` : reasonOf(error);
    throw isVialError(error) && error.code !== "tar-invalid" ? error : volumeImportFailed(name, why);
  } finally {
    closeVolume(engine);
    removeTree(part);
  }
}

/** What imports that were killed have left. */
function sweepImports(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid, startTime] = /^_import-(\d+)-(\d*)$/.exec(name) ?? [];
    if (pid !== undefined && !isAlive({ pid: Number(pid), startTime: startTime ?? "" }))
      removeTree(`${folder}/${name}`);
  }
}

/** Into an empty volume each entry is moved, which is quick; else, and for storage elsewhere, file by file is copied. */
function takeOver(files: string, part: string, isPlain: boolean): void {
  if (isPlain && isEmptyFolder(files)) {
    moveIn(part, files);
    return;
  }
  using from = openRoot(part);
  using to = openRoot(files);
  copyFiles(from.fd, to.fd, { replace: true });
}

/** Where the files are: storage elsewhere is mounted for this process alone. */
function show(engine: Engine, volume: Volume): string {
  if (Object.keys(volume.options).length > 0) enterPrivateMounts();
  return showVolume(engine, volume);
}
