import { chmodSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import { basename } from "node:path";
import { mappedRootWords } from "../kernel/user-namespace.ts";

// Removal that returns at once. Deleting 17,000 files takes seconds on a disk with online discard; a rename takes none.
// What is in a trash folder belongs to nobody, so any process may finish the work, also after a crash.

let counter = 0;

/** Moves `path` out of sight, on the same file system. True when it was there. */
export function setAside(trash: string, path: string): boolean {
  return moveAside(trash, path) !== undefined;
}

/** Moves a tree out of sight, then deletes it: at once when it has at most `budget` entries, else in the background. */
export function discardTree(trash: string, path: string, budget: number): void {
  const target = moveAside(trash, path);
  if (target !== undefined && !removeSmallTree(target, budget)) sweepTrash(trash);
}

function moveAside(trash: string, path: string): string | undefined {
  counter++;
  const target = `${trash}/${Date.now().toString(36)}-${process.pid}-${counter}-${basename(path)}`;
  try {
    renameSync(path, target);
    return target;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  try {
    mkdirSync(trash, { recursive: true, mode: 0o700 });
    renameSync(path, target);
    return target;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Deletes what lies in a trash folder by a process that outlives this one. */
export function sweepTrash(trash: string): void {
  let entries: string[];
  try {
    entries = readdirSync(trash);
  } catch {
    return;
  }
  if (entries.length === 0) return;
  // An overlay work folder is left with mode 000, which stops an ordinary user's rm.
  const script = 'chmod -R u+rwx -- "$@" 2>/dev/null; exec rm -rf -- "$@"';
  // Files of an ordinary user's containers belong to the user's sub-ids.
  const enter = process.getuid?.() === 0 ? [] : [...mappedRootWords(), "--"];
  const child = Bun.spawn(
    [...enter, "/bin/sh", "-c", script, "sh", ...entries.slice(0, 1000).map((entry) => `${trash}/${entry}`)],
    {
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    },
  );
  child.unref();
}

/** Deletes a tree of at most `budget` entries here and now. False, with part of it still there, when it has more. */
export function removeSmallTree(path: string, budget: number): boolean {
  return remove(path, budget) >= 0;
}

function remove(path: string, budget: number): number {
  let left = budget;
  for (const entry of readEntries(path)) {
    if (left <= 0) return -1;
    if (entry.isDirectory()) {
      left = remove(`${path}/${entry.name}`, left - 1);
      if (left < 0) return -1;
    } else {
      unlessGone(() => unlinkSync(`${path}/${entry.name}`));
      left--;
    }
  }
  unlessGone(() => rmdirSync(path));
  return left;
}

/** Another process may be deleting the same litter. */
function unlessGone(act: () => void): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function readEntries(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code !== "EACCES") throw error;
    chmodSync(path, 0o700);
    return readdirSync(path, { withFileTypes: true });
  }
}
