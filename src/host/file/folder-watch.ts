import { type FSWatcher, watch } from "node:fs";

interface Watched {
  readonly watcher: FSWatcher;
  readonly listeners: Set<(name: string | null) => void>;
}

const watched = new Map<string, Watched>();

/**
 * Calls `changed` with the name of an entry of a folder that was made, written, renamed or removed: one inotify watch
 * for all who ask in this process, however many. Where the folder is gone already, `changed` is called once, soon.
 * A hint, no promise: look at the truth now and then all the same.
 */
export function watchFolder(folder: string, changed: (name: string | null) => void): Disposable {
  const found = watched.get(folder) ?? open(folder);
  if (found === undefined) {
    const soon = setTimeout(() => changed(null), 0);
    return { [Symbol.dispose]: () => clearTimeout(soon) };
  }
  // Its own object, so that the same function may be given twice.
  const listener = (name: string | null) => changed(name);
  found.listeners.add(listener);
  return {
    [Symbol.dispose]() {
      if (!found.listeners.delete(listener) || found.listeners.size > 0) return;
      found.watcher.close();
      if (watched.get(folder) === found) watched.delete(folder);
    },
  };
}

function open(folder: string): Watched | undefined {
  const listeners: Watched["listeners"] = new Set();
  const tell = (name: string | null) => {
    for (const listener of [...listeners]) listener(name);
  };
  try {
    const watcher = watch(folder, (_event, name) => tell(name));
    const entry = { watcher, listeners };
    watcher.on("error", () => {
      if (watched.get(folder) === entry) watched.delete(folder);
      tell(null);
    });
    watched.set(folder, entry);
    return entry;
  } catch {
    return undefined;
  }
}
