import { type FreeSpace, freeSpace } from "#host";

/** What lacks on the disk of a folder, when it is full or so nearly that a program has come to an end by it. */
export function fullDisk(folder: string): string | undefined {
  return lackOf(freeSpace(folder));
}

/** A program takes its half-written files away before it ends, so that a full disk is not quite full afterwards. */
export function lackOf({ bytes, totalBytes, files, totalFiles }: FreeSpace): string | undefined {
  if (bytes < Math.min(totalBytes / 50, 256 * 2 ** 20))
    return `the disk of the store is full or nearly so (${megabytes(bytes)} of ${megabytes(totalBytes)} are free)`;
  if (files < totalFiles / 200)
    return `the disk of the store has room for only ${files} of ${totalFiles} files more`;
  return undefined;
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6)} MB`;
}
