import {
  existsSync,
  fstatSync,
  statSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  lstatSync,
} from "node:fs";
import { isDiskFull, lockExclusive, type OpenFile, openRoot, removeTree } from "#host";
import { copyFiles } from "#image";
import { reasonOf } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { type CopyAnswer, type CopyOrder, giveStatus, isEmptyFolder, openFolder } from "./fill.ts";
import { dataFolder, volumeFolder } from "./record.ts";

// The files of an image into a volume, in a process of its own (fill.ts starts it). A container must never see half of
// them, also when this process is killed:
//
//     copy to _copy, rename it _copied (now they are whole), move each entry into _data, remove _copied
//
// _data itself stays, for a container that runs may have it mounted. Storage elsewhere has no place for a copy beside it:
// there a file `copying` says that the files are not whole, and the next one copies them again.

/** Undefined: all is done. */
export function copyUp(order: CopyOrder, progress: (bytes: number) => void): CopyAnswer | undefined {
  const engine = { place: order.place } as Engine;
  for (const copy of order.copies) {
    try {
      using root = openRoot(order.root);
      using from = openFolder(root.fd, copy.target);
      using _lock = lockExclusive(`${volumeFolder(engine, copy.volume)}/lock`);
      if (copy.data === dataFolder(engine, copy.volume)) copyBeside(engine, copy.volume, from, progress);
      else copyDirectly(engine, copy, from, progress);
    } catch (error) {
      const why = isDiskFull(error) ? `the disk is full (${reasonOf(error)})` : reasonOf(error);
      return { target: copy.target, volume: copy.volume, why };
    }
  }
  return undefined;
}

function copyBeside(
  engine: Engine,
  volume: string,
  from: OpenFile | undefined,
  progress: (bytes: number) => void,
): void {
  const folder = volumeFolder(engine, volume);
  const [part, whole, data] = [`${folder}/_copy`, `${folder}/_copied`, dataFolder(engine, volume)];
  if (existsSync(whole)) moveIn(whole, data);
  if (from === undefined || !isEmptyFolder(data)) return;
  removeTree(part);
  try {
    mkdirSync(part, { mode: 0o700 });
    using to = openRoot(part);
    copyFiles(from.fd, to.fd, { progress });
    giveStatus(fstatSync(from.fd), part);
    renameSync(part, whole);
  } catch (error) {
    // What it has written is what fills the disk.
    removeTree(part);
    throw error;
  }
  moveIn(whole, data);
}

/** What is there already stays: a container that runs has made it meanwhile. */
export function moveIn(whole: string, data: string): void {
  // Before each entry that goes changes its time.
  const status = statSync(whole);
  for (const name of readdirSync(whole, { encoding: "buffer" })) {
    const [from, to] = [join(whole, name), join(data, name)];
    if (lstatSync(to, { throwIfNoEntry: false }) === undefined) renameSync(from, to);
  }
  giveStatus(status, data);
  removeTree(whole);
}

function join(folder: string, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), name]);
}

function copyDirectly(
  engine: Engine,
  { volume, data }: CopyOrder["copies"][number],
  from: OpenFile | undefined,
  progress: (bytes: number) => void,
): void {
  const mark = `${volumeFolder(engine, volume)}/copying`;
  if (from === undefined || !(isEmptyFolder(data) || existsSync(mark))) return;
  writeFileSync(mark, "");
  using to = openRoot(data);
  copyFiles(from.fd, to.fd, { progress, replace: true });
  giveStatus(fstatSync(from.fd), data);
  rmSync(mark);
}
