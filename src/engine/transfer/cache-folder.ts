import { lstatSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { fileSystemKind, isBadForManyFiles, localDisk, outerUid, tryLock } from "#host";
import { listUnpacked, removeUnpacked, type UnpackPlace } from "#runtime";
import { parseSize, reasonOf } from "#spec";
import { cacheFolderUnsafe, cacheFolderUnwritable } from "./error.ts";

// What a person keeps for speed alone (XDG Base Directory): SIF files of images that were run by their address, and image
// files that had to be unpacked to run. Everything in there can be deleted at any time.
//
//     sif/KEY.sif     an image; KEY is a digest over what it was made from
//     sif/KEY.json    which address it was used under last, and when: its time
//     sif/KEY.lock    held by who makes it
//     unpacked/KEY    the files of an image that could not be mounted (unpackPlace() says where else they may lie)

type Environment = Readonly<Record<string, string | undefined>>;

const defaultLimit = "20g";

/**
 * VIAL_CACHE_DIR, else `vial` in APPTAINER_CACHEDIR or SINGULARITY_CACHEDIR (who has no room at home has said so there), else
 * in XDG_CACHE_HOME, else in .cache of HOME, or of `home` where there is no HOME.
 */
export function cacheFolder(env: Environment, home: string): string {
  if (env.VIAL_CACHE_DIR?.startsWith("/") === true) return env.VIAL_CACHE_DIR;
  const theirs = env.APPTAINER_CACHEDIR || env.SINGULARITY_CACHEDIR;
  if (theirs?.startsWith("/") === true) return `${theirs}/vial`;
  if (env.XDG_CACHE_HOME?.startsWith("/") === true) return `${env.XDG_CACHE_HOME}/vial`;
  return `${env.HOME?.startsWith("/") === true ? env.HOME : home}/.cache/vial`;
}

/** VIAL_CACHE_LIMIT: bytes of SIF files to keep, and as many of unpacked images; 20 GiB by default. Throws size-invalid. */
export function cacheLimit(env: Environment): number {
  return parseSize(env.VIAL_CACHE_LIMIT || defaultLimit);
}

/**
 * Where images are unpacked that cannot be mounted: in `tmpdir`, else in VIAL_TMPDIR, else in the cache; and where that lies
 * on a file system that machines share, which thousands of small files would keep busy, on the local disk. Throws size-invalid.
 */
export function unpackPlace(env: Environment, home: string, tmpdir?: string, cwd = "/"): UnpackPlace {
  const limit = cacheLimit(env);
  const given = tmpdir || env.VIAL_TMPDIR;
  // One folder, so that there is none between that another person could own.
  const inside = (folder: string) => `${folder}/vial-unpacked-${outerUid()}`;
  if (given) return { folder: inside(given.startsWith("/") ? given : `${cwd}/${given}`), limit };
  const folder = `${cacheFolder(env, home)}/unpacked`;
  return { folder: isBadForManyFiles(fileSystemKind(folder)) ? inside(localDisk) : folder, limit };
}

/** Makes the folder of the SIF files, or sees that it is this user's own. Throws cache-folder-unsafe, -unwritable. */
export function openSifFolder(cache: string): string {
  const folder = `${cache}/sif`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cacheFolderUnwritable(folder, reasonOf(error));
  }
  // What lies in there is run: below a folder for all, somebody else could have made it.
  const info = lstatSync(folder);
  if (!info.isDirectory() || info.uid !== process.getuid?.() || (info.mode & 0o022) !== 0)
    throw cacheFolderUnsafe(folder);
  return folder;
}

/** The file that tells of a SIF file of the cache. */
export function recordOf(sif: string): string {
  return sif.replace(/sif$/, "json");
}

export interface CachedFile {
  readonly kind: "sif" | "unpacked";
  readonly key: string;
  readonly path: string;
  /** Bytes on the disk. */
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly usedAt: number;
}

/** All that is kept, what was used last first. `unpacked`: where images lie unpacked beside `cache`. */
export function listCache(cache: string, unpacked = `${cache}/unpacked`): readonly CachedFile[] {
  const sifs = namesIn(`${cache}/sif`).flatMap((name): readonly CachedFile[] => {
    const path = `${cache}/sif/${name}`;
    const info = name.endsWith(".sif") ? statSync(path, { throwIfNoEntry: false }) : undefined;
    if (info === undefined) return [];
    const used = statSync(recordOf(path), { throwIfNoEntry: false }) ?? info;
    return [{ kind: "sif", key: name.slice(0, -4), path, size: info.blocks * 512, usedAt: used.mtimeMs }];
  });
  const trees = [...new Set([`${cache}/unpacked`, unpacked])]
    .flatMap((folder) => listUnpacked(folder))
    .map((tree) => ({ kind: "unpacked" as const, ...tree }));
  return [...sifs, ...trees].sort((a, b) => b.usedAt - a.usedAt);
}

/**
 * Deletes one of them. A SIF file that runs goes on, for it stays until it is closed. False: somebody is making it, or runs in
 * an unpacked image.
 */
export function removeCached({ kind, key, path }: CachedFile, cache: string): boolean {
  if (kind === "unpacked") return removeUnpacked(path);
  using lock = tryLock(`${cache}/sif/${key}.lock`);
  if (lock === undefined) return false;
  for (const ending of ["sif", "json", "lock"]) rmSync(`${cache}/sif/${key}.${ending}`, { force: true });
  return true;
}

/** Deletes what was used longest ago until the SIF files are within the limit. `kept`: the one that is about to run. */
export function trimCache(cache: string, limit: number, kept: string): void {
  let total = 0;
  for (const file of listSifs(cache)) {
    total += file.size;
    if (total > limit && file.key !== kept) removeCached(file, cache);
  }
  // Halves of images whose maker was killed.
  for (const name of namesIn(`${cache}/sif`)) {
    const key = /^([0-9a-f]+)\.sif\.(?:part|root)-/.exec(name)?.[1];
    if (key === undefined) continue;
    using lock = tryLock(`${cache}/sif/${key}.lock`);
    if (lock !== undefined) rmSync(`${cache}/sif/${name}`, { force: true });
  }
}

function listSifs(cache: string): readonly CachedFile[] {
  return listCache(cache).filter(({ kind }) => kind === "sif");
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
