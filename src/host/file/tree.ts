import { lstatSync, readdirSync, rmSync } from "node:fs";
import { runSync } from "../run.ts";

// Trees of files that this user owns, with whatever modes.

/**
 * Bytes that a tree takes on the disk, as du(1) counts them: folders too, holes not, a file with several names once; 0
 * for one that is not there. Links are counted, not followed. Trees that share `counted` share files.
 */
export function treeBytes(path: string, counted = new Set<string>()): number {
  const info = lstatSync(path, { throwIfNoEntry: false });
  if (info === undefined) return 0;
  const own = info.blocks * 512;
  if (info.nlink > 1 && !info.isDirectory()) {
    const inode = `${info.dev}:${info.ino}`;
    if (counted.has(inode)) return 0;
    counted.add(inode);
  }
  if (!info.isDirectory()) return own;
  let names: readonly string[] = [];
  try {
    names = readdirSync(path);
  } catch (error) {
    // A folder that its own mode closes, as images have them, is counted without what is in it.
    // One that is gone was taken away while it was measured.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "ENOENT") throw error;
  }
  return names.reduce((sum, name) => sum + treeBytes(`${path}/${name}`, counted), own);
}

/** Deletes a tree, also folders of it that nobody may write into; nothing happens where there is none. */
export function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM") throw error;
    runSync("chmod", ["-R", "u+rwx", "--", path]);
    rmSync(path, { recursive: true, force: true });
  }
}
