import { type Dirent, readdirSync, rmSync, statSync } from "node:fs";
import { setAside, sweepTrash, tryLock } from "#host";
import {
  type Descriptor,
  type Digest,
  digestHex,
  isIndexType,
  isManifestType,
  parseImageConfig,
  parseIndex,
  parseManifest,
} from "#spec";
import { readDocument } from "./find.ts";
import { layerBytes } from "./layer-size.ts";
import { takeContent } from "./lease.ts";
import { readRefs, type Ref } from "./refs.ts";
import type { Store } from "./store.ts";

export interface CollectOptions {
  /** What others stand on, whatever became of the images: containers, the cache of builds. */
  readonly held?: () => HeldContent;
}

export interface HeldContent {
  /** Diff IDs of unpacked layers. */
  readonly layers: Iterable<Digest>;
  readonly blobs: Iterable<Digest>;
}

export interface Collected {
  /** Bytes set aside for deletion. */
  readonly freed: number;
  /** True when somebody was adding content, and nothing was taken: the next collection does it. */
  readonly deferred: boolean;
}

/**
 * Sets aside every blob and unpacked layer that no name leads to, and deletes it in the background.
 * Returns in milliseconds, because a rename is all it does itself.
 */
export function collectGarbage(store: Store, options: CollectOptions = {}): Collected {
  using lock = takeContent(store);
  if (lock === undefined) return { freed: 0, deferred: true };
  return { freed: collectAlone(store, options), deferred: false };
}

/** collectGarbage() for who has the content for himself already. Bytes. */
export function collectAlone(store: Store, options: CollectOptions): number {
  const live = liveContent(store, readRefs(store));
  addHeld(live, options.held);
  const freed = collectBlobs(store, live.blobs) + collectLayers(store, live.layers);
  const total = freed + collectIngest(store);
  sweepTrash(store.trash);
  return total;
}

export function addHeld(live: LiveContent, held: CollectOptions["held"]): void {
  const more = held?.();
  for (const diffId of more?.layers ?? []) live.layers.add(digestHex(diffId));
  for (const digest of more?.blobs ?? []) live.blobs.add(digestHex(digest));
}

export interface LiveContent {
  /** Hex digits of blobs. */
  readonly blobs: Set<string>;
  /** Hex digits of diff IDs. */
  readonly layers: Set<string>;
}

/** Everything that the names lead to. A document that is damaged or not here leads no further. */
export function liveContent(store: Store, refs: readonly Ref[]): LiveContent {
  const live: LiveContent = { blobs: new Set(), layers: new Set() };
  for (const ref of refs) markLive(store, ref.descriptor, live, 0);
  return live;
}

function markLive(store: Store, descriptor: Descriptor, live: LiveContent, depth: number): void {
  const hex = digestHex(descriptor.digest);
  if (live.blobs.has(hex)) return;
  live.blobs.add(hex);
  if (depth > 4) return;
  try {
    if (isIndexType(descriptor.mediaType)) {
      for (const entry of parseIndex(readDocument(store, descriptor)).manifests)
        markLive(store, entry, live, depth + 1);
    } else if (isManifestType(descriptor.mediaType)) {
      const manifest = parseManifest(readDocument(store, descriptor));
      for (const blob of [manifest.config, ...manifest.layers]) live.blobs.add(digestHex(blob.digest));
      if (manifest.subject !== undefined) live.blobs.add(digestHex(manifest.subject.digest));
      const config = parseImageConfig(readDocument(store, manifest.config));
      for (const diffId of config.rootfs.diff_ids ?? []) live.layers.add(digestHex(diffId));
    }
  } catch {
    // `vial check` reports it; other images must be removable all the same.
  }
}

function collectBlobs(store: Store, live: ReadonlySet<string>): number {
  let freed = 0;
  for (const folder of ["sha256", "sha512"]) {
    for (const entry of entriesOf(`${store.blobs}/${folder}`)) {
      if (live.has(entry.name)) continue;
      const path = `${store.blobs}/${folder}/${entry.name}`;
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
      if (setAside(store.trash, path)) freed += size;
    }
  }
  return freed;
}

/** Sets the unpacked layers aside that are not live, by the hex digits of their diff IDs. Gives the bytes. */
export function collectLayers(store: Store, live: ReadonlySet<string>): number {
  let freed = 0;
  for (const entry of entriesOf(store.layers)) {
    const hex = /^([0-9a-f]{64,128})(?:\.|$)/.exec(entry.name)?.[1];
    if (hex === undefined || live.has(hex)) continue;
    const path = `${store.layers}/${entry.name}`;
    const size = layerBytes(path);
    if (setAside(store.trash, path)) freed += size ?? 0;
  }
  return freed;
}

const resumeDays = 7;

/**
 * Broken downloads are kept for a week, because the next pull goes on where they stopped; broken loads are of no use,
 * and half an unpacked layer is of none as soon as nobody works on it.
 */
function collectIngest(store: Store): number {
  let freed = 0;
  const oldest = Date.now() - resumeDays * 24 * 3600 * 1000;
  for (const { name } of entriesOf(store.ingest)) {
    const path = `${store.ingest}/${name}`;
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined) continue;
    const layer = /^layer-([0-9a-f]+)-/.exec(name)?.[1];
    if (layer === undefined && !name.startsWith("load-") && info.mtimeMs > oldest) continue;
    const lockPath =
      layer === undefined ? `${path.replace(/\.lock$/, "")}.lock` : `${store.locks}/layer-${layer}`;
    using lock = tryLock(lockPath);
    if (lock === undefined) continue;
    if (setAside(store.trash, path) && info.isFile()) freed += info.size;
    // Removed while held: who waits for it sees that it is gone, and takes the new one.
    rmSync(lockPath, { force: true });
  }
  return freed;
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
