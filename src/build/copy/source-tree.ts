import { constants } from "node:fs";
import type { IgnoreMatcher } from "../dockerfile/ignore.ts";

/** Files to copy from: a context, a stage, an image. */
export interface SourceTree {
  /** The folder that the paths lie in; nothing outside of it is read. */
  readonly root: string;
  /** What counts as not there. */
  readonly ignore?: IgnoreMatcher;
  /** `plain`: everything is root's, without times and attributes of its own, as in a context. `whole`: as it is. */
  readonly form: "plain" | "whole";
  /** `follow`: a link stands for what it leads to, as in `cp -L`. Default: it is copied as a link. */
  readonly links?: "follow";
  /** What a person calls it: `the build context`, `the stage "build"`. */
  readonly title: string;
  /** Digests of files that were read before, if somebody keeps them. */
  readonly digests?: FileDigests;
}

/** How a file of a tree is opened: never through a link that it was not meant to be. */
export function readFlags(tree: SourceTree): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  return tree.links === "follow" ? flags : flags | constants.O_NOFOLLOW;
}

/** Remembers the digests of files by path, size, times and inode. */
export interface FileDigests {
  find(path: string, info: FileIdentity): string | undefined;
  put(path: string, info: FileIdentity, digest: string): void;
}

export interface FileIdentity {
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly ino: bigint;
}
