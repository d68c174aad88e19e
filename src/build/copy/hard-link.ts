import type { SourceTree } from "./source-tree.ts";
import type { SourceEntry } from "./walk.ts";

/**
 * What the names of one file have in common; undefined where it has one name. In a context none is kept: two checkouts
 * of the same files differ in it.
 */
export function inodeOf(tree: SourceTree, { kind, info }: SourceEntry): string | undefined {
  return kind === "file" && tree.form === "whole" && info.nlink > 1n ? `${info.dev}-${info.ino}` : undefined;
}

/** Tells of each file whether it is another name of one before it, and of which: a number that no inode is part of. */
export class LinkNumbers {
  readonly #known = new Map<string, number>();

  /** Undefined for the only name of a file. */
  of(tree: SourceTree, entry: SourceEntry): number | undefined {
    const inode = inodeOf(tree, entry);
    if (inode === undefined) return undefined;
    const known = this.#known.get(inode) ?? this.#known.size;
    this.#known.set(inode, known);
    return known;
  }
}
