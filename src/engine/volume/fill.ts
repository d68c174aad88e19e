import { type Stats, chmodSync, existsSync, fstatSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import {
  changeOwner,
  lockExclusive,
  type OpenFile,
  openFlag,
  openInside,
  openRoot,
  runSync,
  setTimes,
} from "#host";
import type { ContainerSpec, MountWish, VolumeMount } from "#runtime";
import { ownProgram } from "../container/exit-command.ts";
import type { ContainerFolder } from "../container/folder.ts";
import type { Engine } from "../engine-handle.ts";
import { volumeFillFailed } from "./error.ts";
import { findVolume, volumeFolder } from "./record.ts";

// Docker's rule: before a container's first start, a volume that is empty gets what the image has where it is mounted. To
// look costs little and is done at each first start; to copy is the work of a process of its own (copy-up.ts).

/** Where a container's files are before its mounts hide them, and where its volumes are, by the path inside. */
export interface FillPlaces {
  readonly root: string;
  readonly sources: ReadonlyMap<string, string>;
}

export function wantsCopy(mount: MountWish): mount is VolumeMount {
  return mount.kind === "volume" && !mount.nocopy;
}

/** Says that the container has not been started yet. A start that was killed finds it again. */
export function markToFill(place: ContainerFolder): void {
  writeFileSync(mark(place), "");
}

export function isToFill(place: ContainerFolder): boolean {
  return existsSync(mark(place));
}

function mark(place: ContainerFolder): string {
  return `${place.folder}/fill`;
}

/** Gives the empty volumes of a container that starts for the first time what its image has. Throws volume-fill-failed. */
export function fillVolumes(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  places: FillPlaces,
): void {
  if (!isToFill(place)) return;
  const wanted = spec.mounts.filter(wantsCopy).filter((mount) => hasWork(engine, mount, places));
  if (wanted.length > 0) copyElsewhere(engine, wanted, places);
  rmSync(mark(place), { force: true });
}

/** Whether there are files to copy. What a folder without files has, its owner and mode, is given here and now. */
function hasWork(engine: Engine, mount: VolumeMount, { root, sources }: FillPlaces): boolean {
  const folder = volumeFolder(engine, mount.name);
  const data = sources.get(mount.target);
  // A file system in memory begins empty, as its options say: in Docker, what is copied there goes before the start.
  if (data === undefined || findVolume(engine, mount.name).options.type === "tmpfs") return false;
  // Of an earlier one that was killed.
  if (hasUnfinished(folder)) return true;
  if (!isEmptyFolder(data)) return false;
  using top = openRoot(root);
  using from = openFolder(top.fd, mount.target);
  if (from === undefined) return false;
  if (readdirSync(from.path).length > 0) return true;
  using _lock = lockExclusive(`${folder}/lock`);
  if (isEmptyFolder(data)) giveStatus(fstatSync(from.fd), data);
  return false;
}

/** What copy-up.ts leaves when it is killed. */
export function hasUnfinished(folder: string): boolean {
  return existsSync(`${folder}/_copied`) || existsSync(`${folder}/copying`);
}

export function isEmptyFolder(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return false;
    throw error;
  }
}

/** A folder below a root, to be read. A link of the image leads to another place in the root at most. */
export function openFolder(root: number, path: string): OpenFile | undefined {
  try {
    return openInside(root, path, openFlag.directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}

/** Owner, mode and time of one folder for another. */
export function giveStatus(from: Pick<Stats, "uid" | "gid" | "mode" | "mtimeMs">, to: string): void {
  const { uid, gid, mode, mtimeMs } = from;
  changeOwner(to, uid, gid);
  chmodSync(to, mode & 0o7777);
  const seconds = Math.floor(mtimeMs / 1000);
  setTimes(Buffer.from(to), seconds, Math.floor((mtimeMs - seconds * 1000) * 1e6));
}

/** What the process that copies prints when it fails. */
export interface CopyAnswer {
  readonly target: string;
  readonly volume: string;
  readonly why: string;
}

function copyElsewhere(engine: Engine, wanted: readonly VolumeMount[], { root, sources }: FillPlaces): void {
  const [program, ...words] = ownProgram();
  const order: CopyOrder = {
    place: engine.place,
    root,
    copies: wanted.map((mount) => ({
      volume: mount.name,
      target: mount.target,
      data: sources.get(mount.target) ?? "",
    })),
  };
  // Its progress goes to our stderr, which is its descriptor 3.
  const result = runSync(program, [...words, "internal-copy-up", JSON.stringify(order)], {
    descriptors: [2],
  });
  if (result.exitCode === 0) return;
  const said = result.stderr.trim() || `the process ended with ${result.signal ?? result.exitCode}`;
  const answer = parseAnswer(result.stdout) ?? {
    target: wanted[0]?.target ?? "",
    volume: wanted[0]?.name ?? "",
    why: said,
  };
  throw volumeFillFailed(answer.target, answer.volume, answer.why);
}

/** What the process that copies is told. */
export interface CopyOrder {
  readonly place: Engine["place"];
  readonly root: string;
  readonly copies: readonly { readonly volume: string; readonly target: string; readonly data: string }[];
}

function parseAnswer(text: string): CopyAnswer | undefined {
  try {
    return JSON.parse(text) as CopyAnswer;
  } catch {
    return undefined;
  }
}
