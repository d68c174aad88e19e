import { readFileSync } from "node:fs";
import { mount, mountFlag } from "./mount.ts";
import { checked, libc } from "./libc.ts";

const CLONE_NEWNS = 0x00020000;

let entered = false;

/**
 * Moves this thread, and every process it starts from now on, into a mount namespace of its own. Mounts of the host
 * still arrive; ours do not leave, and vanish with the last process inside. From here on use synchronous file calls:
 * the asynchronous ones run on threads that stay outside.
 */
export function enterPrivateMounts(): void {
  if (entered) return;
  checked("unshare", libc().unshare(CLONE_NEWNS));
  mount("none", "/", null, mountFlag.recursive | mountFlag.slave);
  entered = true;
}

/** Tells that this process was started in such a namespace. */
export function adoptPrivateMounts(): void {
  entered = true;
}

/**
 * Goes on in a copy of the mount namespace: the processes that were started before stay in this one, and what is mounted
 * from now on does not reach them.
 */
export function leaveMountsBehind(): void {
  checked("unshare", libc().unshare(CLONE_NEWNS));
}

/** True in a user namespace that is not the machine's first: mounts need `userxattr`, device nodes cannot be made. */
export function inUserNamespace(): boolean {
  try {
    const [inside, outside, count] = readFileSync("/proc/self/uid_map", "utf8")
      .trim()
      .split(/\s+/)
      .map(Number);
    return !(inside === 0 && outside === 0 && count === 4294967295);
  } catch {
    return false;
  }
}
