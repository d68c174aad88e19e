import { readdirSync, rmSync } from "node:fs";
import {
  type Digest,
  digestHex,
  familiarName,
  isVialError,
  parseManifest,
  parseReference,
  printFamiliar,
  VialError,
} from "#spec";
import { imageHeld, imageInUse, imageManyNames, imageUnknown } from "./error.ts";
import { findImage, imageOfRef, isImageId, manifestsOf, readDocument, type StoredImage } from "./find.ts";
import { addHeld, type CollectOptions, collectAlone, collectLayers, liveContent } from "./gc.ts";
import { takeContent } from "./lease.ts";
import { type Ref, readRefs, refName, refReference, removeRefs, repositoryDigest, sameName } from "./refs.ts";
import type { Store } from "./store.ts";

/** A container that was made from an image. */
export interface ImageUser {
  readonly id: string;
  /** Its name. */
  readonly container: string;
  readonly running: boolean;
}

export interface RemoveOptions extends CollectOptions {
  /** Also with several names, and where only stopped containers use the image. */
  readonly force?: boolean;
  readonly usedBy?: (image: StoredImage) => readonly ImageUser[];
}

export interface Removed {
  /** Familiar names that are gone. */
  readonly untagged: readonly string[];
  /** IDs of images that are gone. */
  readonly deleted: readonly Digest[];
  /** Bytes set aside for deletion. */
  readonly freed: number;
  /** True when a pull or load was running: the bytes go with the next removal or prune. */
  readonly deferred: boolean;
}

/**
 * Removes a name, and with the last name the image; by ID, the image with all its names. Docker's rules: an ID with
 * several names, or an image of stopped containers, needs force; an image of a running container stays, at most it
 * loses its names. Returns at once; the bytes are deleted in the background.
 */
export function removeImage(store: Store, text: string, options: RemoveOptions = {}): Removed {
  using lock = takeContent(store);
  const refs = readRefs(store);
  let image: StoredImage;
  try {
    image = findImage(store, text);
  } catch (error) {
    const damaged = damagedRefs(refs, text, error);
    if (damaged.length === 0) throw error;
    return finish(store, refs, damaged, "nothing", lock !== undefined, options);
  }
  const own = refsOfImage(store, refs, image.id);
  const names = own.filter((ref) => ref.name !== undefined);
  const users = options.usedBy?.(image) ?? [];
  const running = users.find((user) => user.running);
  const force = options.force === true;
  if (isImageId(image, text)) {
    if (running !== undefined) throw imageHeld(text, running.container);
    if (!force && names.length > 1) throw imageManyNames(text, image.names);
    if (!force && users[0] !== undefined) throw imageInUse(text, users[0].container);
    return finish(store, refs, own, "nothing", lock !== undefined, options);
  }
  const meant = namedRefs(refs, text);
  if (meant.length === 0) throw imageUnknown(text, undefined);
  const isLast = names.every((ref) => meant.includes(ref));
  if (isLast && !force && users[0] !== undefined) throw imageInUse(text, users[0].container);
  const keep = isLast && running === undefined ? "nothing" : "dangling";
  return finish(store, refs, meant, keep, lock !== undefined, options);
}

function namedRefs(refs: readonly Ref[], text: string): readonly Ref[] {
  const reference = parseReference(text);
  const name = refName(reference);
  return refs.filter(
    (ref) =>
      sameName(ref, name) ||
      (reference.digest !== undefined &&
        repositoryDigest(ref) === `${familiarName(reference)}@${reference.digest}`),
  );
}

/** Entries of an image whose documents are missing or damaged: nothing can be asked of it, but its name can go. */
function damagedRefs(refs: readonly Ref[], text: string, error: unknown): readonly Ref[] {
  if (
    !(error instanceof VialError) ||
    !["blob-missing", "blob-damaged", "document-invalid", "platform-mismatch"].includes(error.code)
  )
    return [];
  return namedRefs(refs, text);
}

function refsOfImage(store: Store, refs: readonly Ref[], id: Digest): readonly Ref[] {
  return refs.filter((ref) => imageIds(store, [ref]).has(id));
}

function imageIds(store: Store, refs: readonly Ref[]): ReadonlySet<Digest> {
  const ids = new Set<Digest>();
  for (const ref of refs) {
    try {
      for (const descriptor of manifestsOf(store, ref.descriptor))
        ids.add(parseManifest(readDocument(store, descriptor)).config.digest);
    } catch {
      // A damaged image has no ID to compare.
    }
  }
  return ids;
}

function finish(
  store: Store,
  refs: readonly Ref[],
  meant: readonly Ref[],
  keep: "dangling" | "nothing",
  alone: boolean,
  options: CollectOptions,
): Removed {
  const before = imageIds(store, meant);
  const isMeant = (ref: Ref) =>
    meant.some((entry) => entry.name === ref.name && entry.descriptor.digest === ref.descriptor.digest);
  const gone = alone
    ? removeRefsWhenFull(store, isMeant, { keep, held: options.held })
    : removeRefs(store, isMeant, { keep });
  const left = imageIds(store, keep === "dangling" ? [...refs] : refs.filter((ref) => !isMeant(ref)));
  return {
    untagged: gone.map(printRef).filter((name) => name !== undefined),
    deleted: [...before].filter((id) => !left.has(id)),
    freed: alone ? collectAlone(store, options) : 0,
    deferred: !alone,
  };
}

/**
 * removeRefs() that also works on a full disk, where the new table of names would not fit: the unpacked layers that are
 * to go anyway go first. They can be unpacked again from their blobs, should we be killed before the names are gone.
 */
function removeRefsWhenFull(
  store: Store,
  isMeant: (ref: Ref) => boolean,
  options: { readonly keep: "dangling" | "nothing"; readonly held: CollectOptions["held"] },
): readonly Ref[] {
  try {
    return removeRefs(store, isMeant, options);
  } catch (error) {
    if (!isVialError(error) || error.code !== "store-full") throw error;
    const refs = readRefs(store);
    const live = liveContent(store, options.keep === "dangling" ? refs : refs.filter((ref) => !isMeant(ref)));
    addHeld(live, options.held);
    collectLayers(store, live.layers);
    for (const name of readdirSync(store.trash))
      rmSync(`${store.trash}/${name}`, { recursive: true, force: true });
    return removeRefs(store, isMeant, options);
  }
}

function printRef(ref: Ref): string | undefined {
  const reference = refReference(ref);
  return reference === undefined ? ref.name : printFamiliar(reference);
}

export interface PruneOptions extends CollectOptions {
  /** Also images with names, where no container uses them. */
  readonly all?: boolean;
  /** Only images made before this time, milliseconds since the epoch. */
  readonly until?: number;
  /** "key" or "key=value": only images that carry all of these labels. */
  readonly labels?: readonly string[];
  /** Only images that carry none of these. */
  readonly labelsNot?: readonly string[];
  readonly usedBy?: (image: StoredImage) => readonly ImageUser[];
}

/** Removes images that nothing uses, dangling ones by default, and every blob that nothing leads to. */
export function pruneImages(store: Store, options: PruneOptions = {}): Removed {
  using lock = takeContent(store);
  const refs = readRefs(store);
  const meant = refs.filter((ref) => {
    if (ref.name !== undefined && options.all !== true) return false;
    let image: StoredImage;
    try {
      image = imageOfRef(store, refs, ref);
    } catch {
      // Damaged: a nameless one is of no use to anybody, a named one is for `vial check`.
      return ref.name === undefined;
    }
    return fitsFilters(image, options) && (options.usedBy?.(image) ?? []).length === 0;
  });
  return finish(store, refs, meant, "nothing", lock !== undefined, options);
}

function fitsFilters(image: StoredImage, options: PruneOptions): boolean {
  const created = image.created === undefined ? 0 : Date.parse(image.created);
  if (options.until !== undefined && !(created < options.until)) return false;
  const labels = image.config.config?.Labels ?? {};
  const has = (wanted: string) => {
    const equals = wanted.indexOf("=");
    const key = equals < 0 ? wanted : wanted.slice(0, equals);
    return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
  };
  return (options.labels ?? []).every(has) && !(options.labelsNot ?? []).some(has);
}

/** Twelve digits of an image ID, as people see it. */
export function shortImageId(id: Digest): string {
  return digestHex(id).slice(0, 12);
}
