import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { basename } from "node:path";

// Removal that returns at once. Deleting 17,000 files takes seconds on a disk with online discard; a rename takes none.
// What is in a trash folder belongs to nobody, so any process may finish the work, also after a crash.

let counter = 0;

/** Moves `path` out of sight, on the same file system. True when it was there. */
export function setAside(trash: string, path: string): boolean {
  counter++;
  const target = `${trash}/${Date.now().toString(36)}-${process.pid}-${counter}-${basename(path)}`;
  try {
    renameSync(path, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  try {
    mkdirSync(trash, { recursive: true, mode: 0o700 });
    renameSync(path, target);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
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
  const child = Bun.spawn(
    ["/bin/sh", "-c", script, "sh", ...entries.slice(0, 1000).map((entry) => `${trash}/${entry}`)],
    {
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    },
  );
  child.unref();
}
