import type { Digest, ErrorParts } from "#spec";

// What the process that packs is told, and what it answers. The order comes as JSON by its standard input; the layers,
// uncompressed and top first, by the descriptors from 3 on; the tar goes to its standard output, and the answer as the
// last line to its standard error.

/** Something that is put into an image. `keep`: what is there already stays as it is. */
export type AddedEntry =
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly mode: number;
      readonly existing?: "keep";
    }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: string;
      readonly existing?: "keep";
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export interface PackOrder {
  /** Top first. */
  readonly diffIds: readonly Digest[];
  /** The layers come twice: to look, and then to write. */
  readonly twice: boolean;
  /** Seconds since 1970: the time of what is added. Files of the layers keep theirs. */
  readonly addedTime: number;
  readonly added: readonly AddedEntry[];
  readonly addedUnless?: string;
  /** False: device nodes are left out. Default: they are written. */
  readonly devices?: boolean;
  readonly texts: readonly string[];
}

export type PackAnswer =
  | { readonly status: "done"; readonly texts: Readonly<Record<string, string>> }
  /** It takes two readings. */
  | { readonly status: "again" }
  | { readonly status: "refused"; readonly error: ErrorParts };

export const firstLayerFd = 3;
