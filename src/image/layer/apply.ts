import { LayerFault, type LayerNode, LayerTree, type TreeLimits } from "./tree.ts";
import type { TarEntry, TarHandler } from "./tar-read.ts";
import { maxImageBytes } from "./erofs.ts";
import type { LayerWriter } from "./writer.ts";

/** What a layer may cost; beyond it the layer is refused. */
export interface LayerLimits extends TreeLimits {
  /** Bytes of the uncompressed archive. */
  readonly archiveBytes: number;
}

export const defaultLimits: LayerLimits = {
  entries: 2_000_000,
  nameBytes: 256 * 2 ** 20,
  archiveBytes: 512 * 2 ** 30,
};

/** Applies the entries of a layer's archive: names to the tree, bytes to the writer. */
export class LayerApplier implements TarHandler {
  readonly #tree: LayerTree;
  readonly #writer: LayerWriter;
  #file: LayerNode | undefined;

  constructor(writer: LayerWriter, limits: TreeLimits) {
    this.#tree = new LayerTree(limits);
    this.#writer = writer;
  }

  entry(entry: TarEntry): void {
    if (entry.size > maxImageBytes) throw new LayerFault("a file is longer than 8 TiB", { limit: true });
    this.#file = this.#tree.apply(entry);
    if (this.#file !== undefined) this.#writer.beginFile(this.#file, entry.sparse);
  }

  data(bytes: Buffer, offset: number): void {
    if (this.#file !== undefined) this.#writer.data(bytes, offset);
  }

  end(): void {
    if (this.#file !== undefined) this.#writer.endFile();
    this.#file = undefined;
  }

  finish(): void {
    this.#writer.finish(this.#tree.root);
  }
}
