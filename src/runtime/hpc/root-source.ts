import type { LayerPlace } from "#image";

/** What an image's root file system is made of. */
export type RootSource =
  | { readonly kind: "folder"; readonly path: string }
  /**
   * A squashfs in a file, from `offset` on, `size` bytes; 0 is to the end of the file. `file` is the open descriptor by which it
   * was looked at, and by which alone it is used: who puts another file in its place comes too late.
   */
  | {
      readonly kind: "squashfs";
      readonly path: string;
      readonly file: number;
      readonly offset: number;
      readonly size: number;
    }
  /** Unpacked layers of the store, bottom first. */
  | { readonly kind: "layers"; readonly name: string; readonly layers: readonly LayerPlace[] };

/** What an OCI config says of an image, where there is one. */
export interface HpcImageFacts {
  /** As it was named; absolute where it is a file or folder. */
  readonly name: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** A file system in the image's own file that keeps changes of it. */
  readonly overlay?: FilePart | undefined;
}

/** Bytes of a file. */
export interface FilePart {
  readonly offset: number;
  readonly size: number;
}

/** An image to run. */
export interface HpcImage extends HpcImageFacts {
  readonly root: RootSource;
}
