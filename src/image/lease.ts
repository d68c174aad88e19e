import { type Lock, lockShared, tryLock } from "#host";
import { storeWriteFault } from "./error.ts";
import type { Store } from "./store.ts";

// A pull writes blobs first and the name last; in between nothing refers to the blobs, and a collector would take them.
// So whoever adds content, or is about to refer to content it has found, holds the lock `content` shared until its name
// (or its container's record) is written, and the collector takes it alone. flock ends with its holder: a kill -9
// leaves no lease behind. The collector does not wait for a long pull: what it leaves, the next one finds.

/** Keeps everything in the store from being collected until disposed. Waits while a collector runs: milliseconds. */
export function holdContent(store: Store): Lock {
  try {
    return lockShared(contentLock(store));
  } catch (error) {
    throw storeWriteFault(store.root, error);
  }
}

/** The store for oneself, or undefined when somebody holds content for longer than `patience` milliseconds. */
export function takeContent(store: Store, patience = 25): Lock | undefined {
  const deadline = performance.now() + patience;
  for (;;) {
    const lock = tryContent(store);
    if (lock !== undefined || performance.now() >= deadline) return lock;
    Bun.sleepSync(2);
  }
}

function tryContent(store: Store): Lock | undefined {
  try {
    return tryLock(contentLock(store));
  } catch (error) {
    throw storeWriteFault(store.root, error);
  }
}

function contentLock(store: Store): string {
  return `${store.locks}/content`;
}
