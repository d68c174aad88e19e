import { homedir } from "node:os";
import { type CachedFile, cacheFolder, listCache, nameOf } from "#engine";
import { flagValueInvalid } from "../error.ts";
import type { Flags } from "../parse.ts";

// What is in Vial's cache, by Apptainer's names for the kinds of what it keeps.

/** Apptainer's types. Vial keeps whole images alone: of most types there is never one. */
const types = ["library", "oci-tmp", "shub", "blob", "net", "oras"] as const;

export interface CacheEntry extends CachedFile {
  /** "oras", "oci-tmp", or Vial's own "unpacked": the files of an image that could not be mounted. */
  readonly type: string;
}

export function ownCache(): string {
  return cacheFolder(process.env, homedir());
}

/** What is kept, of the types of `--type`. Throws flag-value-invalid. */
export function cacheEntries(flags: Flags): readonly CacheEntry[] {
  const wanted = flags.list("type").flatMap((text) => text.split(","));
  const known = [...types, "unpacked", "all"];
  const odd = wanted.find((type) => !known.includes(type));
  if (odd !== undefined) throw flagValueInvalid("--type", odd, known.join(", "));
  const isWanted = ({ type }: CacheEntry) =>
    wanted.length === 0 || wanted.includes("all") || wanted.includes(type);
  return listCache(ownCache())
    .map((file): CacheEntry => ({ ...file, type: typeOf(file) }))
    .filter(isWanted);
}

function typeOf({ kind, path }: CachedFile): string {
  if (kind === "unpacked") return kind;
  return nameOf(path)?.startsWith("oras://") === true ? "oras" : "oci-tmp";
}

/** "62.65 MiB" */
export function printCacheSize(bytes: number): string {
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(2)} KiB`;
  return bytes < 1024 ** 3
    ? `${(bytes / 1024 ** 2).toFixed(2)} MiB`
    : `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
