/** Something to be put into the root file system of an image. Paths are absolute; folders come before what is in them. */
export type ImageEntry =
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly mode: number;
      /** What is there already stays as it is. */
      readonly keep?: true;
    }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: string;
      readonly keep?: true;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

export function script(path: string, content: string): ImageEntry {
  return { kind: "file", path, mode: 0o755, content };
}

export function text(path: string, content: string): ImageEntry {
  return { kind: "file", path, mode: 0o644, content };
}

export function folder(path: string): ImageEntry {
  return { kind: "folder", path, mode: 0o755 };
}

export function link(path: string, target: string): ImageEntry {
  return { kind: "link", path, target };
}
