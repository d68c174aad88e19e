import type { LayerNode } from "./tree.ts";

/** Overlayfs reads its marks as `trusted.overlay.*`, or with the mount option `userxattr` as `user.overlay.*`. */
export type OverlayMarks = "trusted" | "user";

/** Where an unpacked layer goes: into an erofs file or a folder. Bytes of files come first, the tree last. */
export interface LayerWriter {
  /** A new file; `sparse` are the regions that hold data, undefined for all of it. */
  beginFile(node: LayerNode, sparse: readonly number[] | undefined): void;
  data(bytes: Buffer, offset: number): void;
  endFile(): void;
  /** Writes all that is left. What the tree no longer leads to is forgotten. */
  finish(root: LayerNode): void;
  /** Things of the archive that this place cannot hold and that were left out, as sentences. */
  readonly leftOut: readonly string[];
}
