import { readdirSync } from "node:fs";
import { treeBytes } from "#host";
import { layerPlace } from "#image";
import type { ContainerSpec } from "#runtime";
import { containerFolder } from "./container/folder.ts";
import type { Engine } from "./engine-handle.ts";

// What containers have written. By itself, for the list of containers asks for it, and must not load what builds need.

/** Bytes of what a container has written, and of the layers of its image. Walks the writable layer. */
export function writableBytes(
  engine: Engine,
  spec: ContainerSpec,
): { readonly written: number; readonly image: number } {
  const layers = spec.image.diffIds.map((diffId) => layerPlace(engine.store, diffId));
  return {
    written: upperBytes(engine, spec.id),
    image: layers.reduce((sum, layer) => sum + (layer === undefined ? 0 : treeBytes(layer.path)), 0),
  };
}

export function upperBytes(engine: Engine, id: string): number {
  return contentBytes(`${containerFolder(engine, id).folder}/rw/upper`);
}

/** What is in a folder, without the folder itself: nothing for a container or a volume that nobody has written to. */
export function contentBytes(folder: string): number {
  const counted = new Set<string>();
  return namesIn(folder).reduce((sum, name) => sum + treeBytes(`${folder}/${name}`, counted), 0);
}

/** An ordinary user's containers have folders that only they may look into: those count without what is in them. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
