import type { IgnoreMatcher } from "../dockerfile/ignore.ts";

/** Files to copy from: a context, a stage, an image. */
export interface SourceTree {
  /** The folder that the paths lie in; nothing outside of it is read. */
  readonly root: string;
  /** What counts as not there. */
  readonly ignore?: IgnoreMatcher;
  /** `plain`: everything is root's, without times and attributes of its own, as in a context. `whole`: as it is. */
  readonly form: "plain" | "whole";
  /** What a person calls it: `the build context`, `the stage "build"`. */
  readonly title: string;
  /** Digests of files that were read before, if somebody keeps them. */
  readonly digests?: FileDigests;
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
