import { posix } from "node:path";

/** A path of an instruction in the image: without ".", ".." and doubled slashes, from WORKDIR where it is relative. */
export function absolutePath(path: string, workingDir: string | null | undefined): string {
  return posix.resolve("/", workingDir ?? "", path);
}

/** The same for the destination of COPY and ADD: with a slash at the end where a folder is meant. */
export function destinationOf(path: string, workingDir: string | null | undefined): string {
  const isFolder = /(?:^|\/)\.{0,2}$/.test(path);
  const clean = absolutePath(path, workingDir);
  return isFolder && clean !== "/" ? `${clean}/` : clean;
}
