import { chmodSync, mkdirSync, readlinkSync, renameSync, rmSync, statSync } from "node:fs";
import { type Lock, openFlag, openInside, openRoot, tryLock } from "#host";
import type { SourceRange } from "#spec";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { openTree, RootWriter } from "../copy/write.ts";
import { buildCanceled } from "../error.ts";
import type { Session } from "../session.ts";
import type { ProgramMount } from "../worker.ts";
import type { RunMount } from "./instruction/mount.ts";
import { own } from "../own.ts";

// The folders of RUN --mount=type=cache: ROOT/build/caches/DIGEST/data, DIGEST-NUMBER for private ones.

type CacheMount = RunMount & { readonly kind: "cache" };

/** The caches of one RUN, locked as their sharing says, until it is disposed. */
export class LockedCaches implements Disposable {
  readonly #locks: Lock[] = [];
  readonly #folders = new Map<string, string>();

  /** Locks in one order for every RUN, so that no two of them wait for each other. */
  static async lock(session: Session, mounts: readonly RunMount[]): Promise<LockedCaches> {
    const caches = new LockedCaches();
    const wanted = new Map(
      mounts.flatMap((mount) => (mount.kind === "cache" ? [[nameOf(mount), mount.sharing] as const] : [])),
    );
    const folder = `${session.worker.folder}/caches`;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      for (const name of [...wanted.keys()].toSorted()) {
        const sharing = wanted.get(name);
        if (sharing === "locked") await caches.#wait(`${folder}/${name}.lock`, session.options.signal);
        caches.#folders.set(name, `${folder}/${sharing === "private" ? caches.#free(folder, name) : name}`);
      }
      return caches;
    } catch (error) {
      caches[Symbol.dispose]();
      throw error;
    }
  }

  folderOf(mount: CacheMount): string {
    return this.#folders.get(nameOf(mount))!;
  }

  async #wait(path: string, signal: AbortSignal): Promise<void> {
    for (let delay = 2; ; delay = Math.min(delay * 2, 100)) {
      const lock = tryLock(path);
      if (lock !== undefined) {
        this.#locks.push(lock);
        return;
      }
      if (signal.aborted) throw buildCanceled();
      await Bun.sleep(delay);
    }
  }

  /** The first private one that nobody uses. */
  #free(folder: string, name: string): string {
    for (let number = 0; ; number++) {
      const lock = tryLock(`${folder}/${name}-${number}.lock`);
      if (lock === undefined) continue;
      this.#locks.push(lock);
      return `${name}-${number}`;
    }
  }

  [Symbol.dispose](): void {
    for (const lock of this.#locks) lock[Symbol.dispose]();
  }
}

/** A digest, because an id may hold slashes and dots (CVE-2024-9675). */
function nameOf(mount: CacheMount): string {
  return new Bun.CryptoHasher("sha256")
    .update(mount.id ?? mount.target)
    .digest("hex")
    .slice(0, 32);
}

/** `tree`: what a cache that is not there yet begins with. */
export function cacheMount(
  mount: CacheMount,
  folder: string,
  tree: SourceTree | undefined,
  where: SourceRange,
): ProgramMount {
  const data = `${folder}/data`;
  if (statSync(data, { throwIfNoEntry: false }) === undefined) makeCache(mount, folder, tree, where);
  const source = mount.from === undefined && mount.source !== "/" ? insideCache(data, mount.source) : data;
  return { kind: "bind", source, target: mount.target, readonly: mount.readonly };
}

/** Filled beside its place first: whoever is killed in between leaves no half cache. */
function makeCache(
  mount: CacheMount,
  folder: string,
  tree: SourceTree | undefined,
  where: SourceRange,
): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fresh = `new-${crypto.randomUUID()}`;
  const path = `${folder}/${fresh}`;
  try {
    mkdirSync(path, { mode: 0o755 });
    if (tree !== undefined) {
      using writer = new RootWriter(folder, { time: 0 }, where);
      using from = openTree(tree);
      for (const source of selectSources(tree, [mount.source], { excludes: [], parents: false }, where))
        for (const entry of source.entries)
          writer.put(tree, from, entry, `/${fresh}${entry.path === "" ? "" : `/${entry.path}`}`, false);
      writer.finish();
    }
    if (tree === undefined || mount.mode !== undefined) chmodSync(path, mount.mode ?? 0o755);
    if (tree === undefined || mount.uid !== undefined || mount.gid !== undefined)
      own(path, mount.uid ?? 0, mount.gid ?? 0);
    // Another build may have made it meanwhile.
    if (statSync(`${folder}/data`, { throwIfNoEntry: false }) === undefined)
      renameSync(path, `${folder}/data`);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

/** A folder of a cache, made when it is not there, links resolved inside the cache (CVE-2024-23651). */
function insideCache(data: string, path: string): string {
  using writer = new RootWriter(data, { time: 0 }, undefined);
  writer.makeFolders(path);
  using top = openRoot(data);
  using found = openInside(top.fd, path, openFlag.path | openFlag.directory);
  return readlinkSync(found.path);
}
