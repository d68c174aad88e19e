import {
  findImage,
  holdContent,
  pruneImages,
  type PruneOptions,
  type Removed,
  removeImage,
  type SavedImage,
  saveDockerArchive,
  selectImages,
  setRef,
} from "#image";
import { type ImageReference, printFamiliar } from "#spec";
import type { Engine } from "./engine-handle.ts";
import { recordImageEvent } from "./events.ts";
import { heldContent, imageUsers } from "./image-users.ts";

// What happens to images that are here, with what containers hold of them and with their events.

/** Gives an image one more name. Throws image-unknown. */
export function tagImage(engine: Engine, text: string, reference: ImageReference): void {
  const { store } = engine;
  using _held = holdContent(store);
  const image = findImage(store, text);
  setRef(store, reference, image.target);
  recordImageEvent(engine, "tag", image.id, printFamiliar(reference));
}

/** Takes an image or one of its names away. Throws image-unknown, image-in-use, image-held, image-many-names. */
export function removeImageNamed(
  engine: Engine,
  text: string,
  options: { readonly force: boolean },
): Removed {
  const removed = removeImage(engine.store, text, {
    force: options.force,
    usedBy: imageUsers(engine),
    held: () => heldContent(engine),
  });
  recordRemoved(engine, removed);
  return removed;
}

/** Removes the images that no container uses: without names, or `all`. */
export function pruneUnusedImages(engine: Engine, options: Omit<PruneOptions, "held" | "usedBy">): Removed {
  const removed = pruneImages(engine.store, {
    ...options,
    usedBy: imageUsers(engine),
    held: () => heldContent(engine),
  });
  recordRemoved(engine, removed);
  return removed;
}

function recordRemoved(engine: Engine, removed: Removed): void {
  for (const name of removed.untagged) recordImageEvent(engine, "untag", name);
  for (const id of removed.deleted) recordImageEvent(engine, "delete", id);
}

/** The images of these names as an archive; everything that can be wrong with a name is found before the first byte. */
export function saveImages(engine: Engine, names: readonly string[]): Iterable<Buffer> {
  return saved(engine, selectImages(engine.store, names));
}

function* saved(engine: Engine, images: readonly SavedImage[]): Generator<Buffer, void> {
  // Nobody may take away what is being read.
  using _held = holdContent(engine.store);
  yield* saveDockerArchive(engine.store, images);
  for (const { image } of images) recordImageEvent(engine, "save", image.manifest.config.digest);
}
