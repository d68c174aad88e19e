import type { Digest } from "#spec";
import type { StoredImage } from "./find.ts";
import { layerDiskSize } from "./list.ts";
import type { Store } from "./store.ts";

export interface HistoryRow {
  /** The image ID on the topmost row; "<missing>" below, as Docker prints it. */
  readonly id: Digest | undefined;
  /** RFC 3339. */
  readonly created: string | undefined;
  readonly createdBy: string;
  readonly comment: string;
  /** Bytes on disk (see diskSize()); 0 for a step that made no layer. */
  readonly size: number;
  /** Names, on the topmost row. */
  readonly names: readonly string[];
}

/** What made the image, newest first. A config whose history does not tell all layers gets a row for each of the others. */
export function imageHistory(store: Store, image: StoredImage): readonly HistoryRow[] {
  const diffIds = image.config.rootfs.diff_ids ?? [];
  const layers = image.manifest.layers.map((layer, place) =>
    layerDiskSize(store, diffIds[place], layer.size),
  );
  const rows: Omit<HistoryRow, "id" | "names">[] = [];
  let used = 0;
  for (const entry of image.config.history ?? []) {
    const size = entry.empty_layer === true ? 0 : (layers[used++] ?? 0);
    rows.push({
      created: entry.created ?? undefined,
      createdBy: entry.created_by ?? "",
      comment: entry.comment ?? "",
      size,
    });
  }
  for (const size of layers.slice(used))
    rows.push({ created: image.created, createdBy: "", comment: "", size });
  return rows.reverse().map((row, place) => ({
    id: place === 0 ? image.id : undefined,
    ...row,
    names: place === 0 ? image.names : [],
  }));
}
