/** Something to be put into the root file system of an image. Paths are absolute; folders come before what is in them. */
export type ImageEntry =
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly mode: number;
      /** A folder that is there already keeps its mode. */
      readonly existing?: "keep";
    }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: string;
      /** A file that is there already stays as it is, or the content goes behind its own. Else it is replaced. */
      readonly existing?: "keep" | "append";
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

type FileEntry = Extract<ImageEntry, { readonly kind: "file" }>;

export function script(path: string, content: string): FileEntry {
  return { kind: "file", path, mode: 0o755, content };
}

export function text(path: string, content: string): FileEntry {
  return { kind: "file", path, mode: 0o644, content };
}

export function folder(path: string): ImageEntry {
  return { kind: "folder", path, mode: 0o755 };
}

export function link(path: string, target: string): ImageEntry {
  return { kind: "link", path, target };
}
