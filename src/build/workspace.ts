import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { enterPrivateMounts, mountDisorderfs, setAside, unmountLazily } from "#host";
import {
  addLayerBlob,
  adoptLayer,
  clampTimes,
  diffTar,
  type LayerBlob,
  type LayerPlace,
  mountRoot,
} from "#image";
import { variationRefused } from "./error.ts";
import type { Worker } from "./worker.ts";

// Where a step does its work: the layers below it, and an empty one on top that takes what it changes, as one overlay in
// this process's mount namespace. When this process dies, the mounts are gone with it; its folder is swept by the next
// build (see sweepWorkspaces).

let count = 0;

/** What is made different when a step is done a second time, to see whether it does the same. */
export interface Variation {
  /** The processors that programs may use, as cpuset.cpus has them; undefined: all. */
  readonly cpus: string | undefined;
  /** Folders list their entries in another order. */
  readonly disorder: boolean;
}

/** A mounted root, and the folder with what was changed in it. */
export interface Workspace {
  readonly rootfs: string;
  readonly upper: string;
  readonly variation: Variation | undefined;
  /** Forgets what was changed, at the same places. */
  restart(): void;
}

/**
 * Makes a workspace, lets `act` change it, and packs the changes. Null: there were none. `latest`: times behind it become
 * it, in seconds since 1970.
 */
export async function makeLayer(
  worker: Worker,
  layers: readonly LayerBlob[],
  options: { readonly latest: number },
  act: (space: Workspace) => Promise<void> | void,
): Promise<LayerBlob | null> {
  return await inWorkspace(worker, layers, undefined, act, async (upper) => {
    if (readdirSync(upper).length === 0) return null;
    clampTimes(upper, options.latest);
    const layer = await addLayerBlob(worker.store, inLargePieces(diffTar(upper, options)), {
      compression: "none",
    });
    adoptLayer(worker.store, layer.diffId, upper);
    return layer;
  });
}

/** Like makeLayer(), under a variation: `look` gets what would be the layer's bytes, and nothing of it is kept. */
export async function tryLayer<T>(
  worker: Worker,
  layers: readonly LayerBlob[],
  options: { readonly latest: number; readonly variation: Variation },
  act: (space: Workspace) => Promise<void> | void,
  look: (open: () => Iterable<Buffer>) => Promise<T>,
): Promise<T> {
  return await inWorkspace(worker, layers, options.variation, act, async (upper) => {
    clampTimes(upper, options.latest);
    const isEmpty = readdirSync(upper).length === 0;
    return await look(() => (isEmpty ? [] : inLargePieces(diffTar(upper, options))));
  });
}

/** Lets `act` change a root, then `look` see what it changed. */
async function inWorkspace<T>(
  worker: Worker,
  layers: readonly LayerBlob[],
  variation: Variation | undefined,
  act: (space: Workspace) => Promise<void> | void,
  look: (upper: string) => Promise<T>,
): Promise<T> {
  const places = await placesOf(worker, layers);
  const { folder, space, close } = await openWorkspace(worker, places, variation);
  try {
    await act(space);
    close();
    return await look(space.upper);
  } finally {
    close();
    setAside(worker.store.trash, folder);
  }
}

/** Mounts layers for reading alone, for as long as `act` takes. */
export async function withRoot<T>(
  worker: Worker,
  layers: readonly LayerBlob[],
  act: (rootfs: string) => Promise<T> | T,
): Promise<T> {
  const root = await openRootTree(worker, layers);
  try {
    return await act(root.path);
  } finally {
    root.close();
  }
}

/** Mounts layers for reading alone, until it is closed. */
export async function openRootTree(
  worker: Worker,
  layers: readonly LayerBlob[],
): Promise<{ readonly path: string; close(): void }> {
  const places = await placesOf(worker, layers);
  enterPrivateMounts();
  const path = mountPoint(worker);
  mountRoot({ layers: places, writable: undefined, target: path, volatile: true });
  return { path, close: () => closeRoot(path) };
}

async function placesOf(worker: Worker, layers: readonly LayerBlob[]): Promise<readonly LayerPlace[]> {
  return await Promise.all(layers.map((layer) => worker.unpackedLayer(layer)));
}

async function openWorkspace(
  worker: Worker,
  places: readonly LayerPlace[],
  variation: Variation | undefined,
): Promise<{ readonly folder: string; readonly space: Workspace; close(): void }> {
  enterPrivateMounts();
  count++;
  const folder = `${worker.folder}/work/${process.pid}-${count}`;
  const upper = `${folder}/upper`;
  mkdirSync(`${folder}/work`, { recursive: true, mode: 0o700 });
  // The top of the root, when no layer below has one.
  mkdirSync(upper, { mode: 0o755 });
  const rootfs = mountPoint(worker);
  const writable = { upper, work: `${folder}/work` };
  const mount = () => mountRoot({ layers: places, writable, target: rootfs, volatile: true });
  const disordered = variation?.disorder === true ? mountPoint(worker) : undefined;
  const close = () => {
    if (disordered !== undefined) closeRoot(disordered);
    closeRoot(rootfs);
  };
  try {
    mount();
    if (disordered !== undefined) await disorder(rootfs, disordered);
  } catch (error) {
    close();
    setAside(worker.store.trash, folder);
    throw error;
  }
  const restart = () => {
    closeRoot(rootfs);
    for (const [path, mode] of [[upper, 0o755] as const, [writable.work, 0o700] as const]) {
      setAside(worker.store.trash, path);
      mkdirSync(path, { mode });
    }
    mkdirSync(rootfs, { recursive: true, mode: 0o700 });
    mount();
  };
  return { folder, space: { rootfs: disordered ?? rootfs, upper, variation, restart }, close };
}

async function disorder(source: string, target: string): Promise<void> {
  const before = statSync(target).dev;
  const why = await mountDisorderfs({ source, target }, () => statSync(target).dev !== before);
  if (why !== undefined) throw variationRefused(why);
}

function mountPoint(worker: Worker): string {
  count++;
  const path = `${worker.mountFolder}/${process.pid}-${count}`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

function closeRoot(path: string): void {
  if (!existsSync(path)) return;
  unmountLazily(path);
  for (const folder of [path, `${path}.empty`]) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
}

const pieceSize = 1 << 20;

/** Headers and small files come in small pieces; each would be a write and a step of the digest. */
function* inLargePieces(source: Iterable<Buffer>): Generator<Buffer, void> {
  let piece = Buffer.allocUnsafe(pieceSize);
  let length = 0;
  for (const bytes of source) {
    if (length + bytes.length > pieceSize) {
      if (length > 0) yield piece.subarray(0, length);
      piece = Buffer.allocUnsafe(pieceSize);
      length = 0;
    }
    if (bytes.length >= pieceSize) yield bytes;
    else length += bytes.copy(piece, length);
  }
  if (length > 0) yield piece.subarray(0, length);
}

/** Sets aside what builds left behind whose process is gone; `isAlive` tells by the pid. */
export function sweepWorkspaces(
  worker: Pick<Worker, "folder" | "mountFolder" | "store">,
  isAlive: (pid: number) => boolean,
): void {
  for (const folder of [`${worker.folder}/work`, worker.mountFolder])
    for (const name of namesIn(folder)) {
      const pid = Number(/^(\d+)-/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(pid) || isAlive(pid)) continue;
      if (name.endsWith(filesSuffix)) removeFiles(`${folder}/${name}`);
      else if (folder === worker.mountFolder) closeRoot(`${folder}/${name.replace(/\.empty$/, "")}`);
      else setAside(worker.store.trash, `${folder}/${name}`);
    }
}

const filesSuffix = "-files";

/** A folder of this process for files that are mounted into programs: secrets, scripts. */
export function filesFolder(worker: Pick<Worker, "mountFolder">): string {
  const folder = `${worker.mountFolder}/${process.pid}${filesSuffix}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** A folder of this process for the files that bind mounts show of contexts. */
export function boundFolder(worker: Pick<Worker, "folder">): string {
  const folder = `${worker.folder}/work/${process.pid}-bound`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** Takes away what was mounted and written in both. */
export function removeFilesFolder(worker: Pick<Worker, "mountFolder" | "folder" | "store">): void {
  removeFiles(`${worker.mountFolder}/${process.pid}${filesSuffix}`);
  setAside(worker.store.trash, `${worker.folder}/work/${process.pid}-bound`);
}

function removeFiles(folder: string): void {
  // Nothing may be mounted below what is removed: it would be removed through the mount.
  for (const name of namesIn(folder)) {
    unmountLazily(`${folder}/${name}`);
    if (name.endsWith(".rw")) unmountLazily(`${folder}/${name}/root`);
  }
  rmSync(folder, { recursive: true, force: true });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
