import { statSync } from "node:fs";
import { type Digest, digestHex } from "#spec";
import type { LayerPlace } from "../snapshot/overlay.ts";
import type { Store } from "../store.ts";

export type LayerForm = LayerPlace["kind"];

/** The path of the unpacked layer in one form, whether it is there or not. */
export function layerPath(store: Store, diffId: Digest, form: LayerForm): string {
  const path = `${store.layers}/${digestHex(diffId)}`;
  return form === "erofs" ? `${path}.erofs` : `${path}/fs`;
}

/** Where the layer lies unpacked, complete and verified; undefined when it does not. */
export function layerPlace(store: Store, diffId: Digest, form?: LayerForm): LayerPlace | undefined {
  for (const kind of form === undefined ? (["erofs", "folder"] as const) : [form]) {
    const path = layerPath(store, diffId, kind);
    if (statSync(path, { throwIfNoEntry: false }) !== undefined) return { kind, path };
  }
  return undefined;
}
