import type { AddedEntry } from "#image";

/** A file whose content goes behind what is there. */
type AppendedFile = Omit<Extract<AddedEntry, { readonly kind: "file" }>, "existing"> & {
  readonly existing: "append";
};

/** Something to be put into the root file system of an image. Paths are absolute; folders come before what is in them. */
export type ImageEntry = AddedEntry | AppendedFile;

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
