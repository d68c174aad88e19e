import { closeSync, fstatSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { lockUnsupported } from "../error.ts";
import { errno, libc, SystemError } from "../kernel/libc.ts";

// flock(2): released by the kernel when the holder dies, so kill -9 leaves no stale lock. On NFS the kernel turns it
// into a byte-range lock at the server; a file system without any locking answers ENOSYS, ENOLCK or EOPNOTSUPP, and
// then the caller is refused, because unlocked writers would lose each other's work.

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const EAGAIN = 11;
const noLocking = new Set([22, 37, 38, 95]);

export interface Lock extends Disposable {
  readonly path: string;
  readonly fd: number;
}

/** Waits for the lock. Blocks this thread: hold locks for moments only. */
export function lockExclusive(path: string): Lock {
  return take(path, LOCK_EX);
}

export function lockShared(path: string): Lock {
  return take(path, LOCK_SH);
}

/** lockExclusive() for a file in a folder that another process may remove: undefined when the folder is gone. */
export function lockExisting(path: string): Lock | undefined {
  try {
    return take(path, LOCK_EX, openIn);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The lock, or undefined when another process holds it. */
export function tryLock(path: string): Lock | undefined {
  const fd = open(path);
  if (libc().flock(fd, LOCK_EX | LOCK_NB) === 0) {
    if (isCurrent(path, fd)) return held(path, fd);
    closeSync(fd);
    return tryLock(path);
  }
  const code = errno();
  closeSync(fd);
  if (code === EAGAIN) return undefined;
  throw refusal(path, code);
}

/**
 * Locks an open file without waiting; false when another holds it. The lock goes with the last that keeps this open file: a
 * loop device keeps it too.
 */
export function lockDescriptor(fd: number, how: "shared" | "exclusive"): boolean {
  if (libc().flock(fd, (how === "shared" ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return true;
  const code = errno();
  if (code === EAGAIN) return false;
  throw refusal(`/proc/self/fd/${fd}`, code);
}

/** Waits for the lock without blocking the event loop: for locks that are held for seconds. */
export async function lockPatiently(path: string, waiting?: () => void): Promise<Lock> {
  let told = false;
  for (let delay = 2; ; delay = Math.min(delay * 2, 100)) {
    const lock = tryLock(path);
    if (lock !== undefined) return lock;
    if (!told) waiting?.();
    told = true;
    await Bun.sleep(delay);
  }
}

const F_DUPFD = 0;
/** Above what launchers, make(1) and shells give their programs by number. */
const outOfTheWay = 200n;

/**
 * Lets this process keep a lock, and what it becomes, and what that starts: until the last of them has ended or has closed the
 * descriptor, which is not closed by execve(2). Throws SystemError.
 */
export function passOnLock(lock: Lock): void {
  const c = libc();
  if (c.fcntl(lock.fd, F_DUPFD, outOfTheWay) < 0 && c.fcntl(lock.fd, F_DUPFD, 3n) < 0)
    throw new SystemError(`fcntl ${lock.path}`, errno());
}

function take(path: string, operation: number, openLock = open): Lock {
  const fd = openLock(path);
  while (libc().flock(fd, operation) !== 0) {
    const code = errno();
    if (code === EINTR) continue;
    closeSync(fd);
    throw refusal(path, code);
  }
  if (isCurrent(path, fd)) return held(path, fd);
  closeSync(fd);
  return take(path, operation, openLock);
}

/** False when the lock file was removed or replaced while we waited: then we hold a lock that nobody else will see. */
function isCurrent(path: string, fd: number): boolean {
  const now = statSync(path, { throwIfNoEntry: false });
  const ours = fstatSync(fd);
  return now !== undefined && now.ino === ours.ino && now.dev === ours.dev;
}

/** Throws ENOENT when the folder is not there. */
function openIn(path: string): number {
  return openSync(path, "a", 0o600);
}

function open(path: string): number {
  try {
    return openIn(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openIn(path);
  }
}

function held(path: string, fd: number): Lock {
  let open = true;
  return {
    path,
    fd,
    [Symbol.dispose]() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function refusal(path: string, code: number): Error {
  return noLocking.has(code) ? lockUnsupported(path) : new SystemError(`flock ${path}`, code);
}
