import { closeSync, openSync } from "node:fs";
import { openFlag } from "./inside.ts";
import { checked, cString, libc, pointer } from "./libc.ts";
import { DetachedMount, type MountAttribute, mountAttribute } from "./mount.ts";
import { systemCall } from "./system-call.ts";

// open_tree(2), mount_setattr(2), move_mount(2) on descriptors, pivot_root(2): a tree of files is taken by a descriptor
// and hung in by one, so that no path is looked up twice. Linux 5.12.

const OPEN_TREE_CLONE = 1n;
const OPEN_TREE_CLOEXEC = 0o2000000n;
const AT_RECURSIVE = 0x8000n;
const AT_EMPTY_PATH = 0x1000n;
const AT_FDCWD = BigInt.asUintN(64, -100n);
const MOVE_MOUNT_F_EMPTY_PATH = 0x4n;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40n;
const MNT_DETACH = 2;

/** Takes what is at `path` on the host, with all that is mounted below, as a mount that hangs nowhere yet. */
export function cloneTree(path: string, attributes: readonly MountAttribute[]): DetachedMount {
  const name = cString(path);
  const tree = new DetachedMount(
    checked(
      `open_tree ${path}`,
      systemCall(
        "open_tree",
        AT_FDCWD,
        BigInt(pointer(name)),
        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE,
      ),
    ),
  );
  try {
    setMountAttributes(tree.fd, attributes);
    return tree;
  } catch (error) {
    closeSync(tree.fd);
    throw error;
  }
}

/** Sets attributes on a mount and on all below it, for good. */
export function setMountAttributes(fd: number, attributes: readonly MountAttribute[]): void {
  if (attributes.length === 0) return;
  const empty = cString("");
  // struct mount_attr: attr_set, attr_clr, propagation, userns_fd.
  const set = attributes.reduce((sum, name) => sum | mountAttribute[name], 0);
  const wish = new BigUint64Array([BigInt(set), 0n, 0n, 0n]);
  checked(
    "mount_setattr",
    systemCall(
      "mount_setattr",
      BigInt(fd),
      BigInt(pointer(empty)),
      AT_EMPTY_PATH | AT_RECURSIVE,
      BigInt(pointer(wish)),
      32n,
    ),
  );
}

/** Hangs a mount in at an open folder or file: what the path leads to meanwhile does not matter. */
export function attachAt(mount: DetachedMount, target: number): void {
  const empty = cString("");
  const name = BigInt(pointer(empty));
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  checked("move_mount", systemCall("move_mount", BigInt(mount.fd), name, BigInt(target), name, flags));
}

/**
 * Makes an open folder, on which a mount begins, the root of this process, and lets go of the old root with all that hangs
 * in it (pivot_root(2), "pivot_root(".", ".")"). One mount lies over "/" before, in which the new root hangs.
 */
export function becomeRoot(folder: number): void {
  const old = openSync("/", openFlag.path | openFlag.directory | openFlag.closeOnExec);
  try {
    changeFolder(folder);
    const here = cString(".");
    const name = BigInt(pointer(here));
    checked("pivot_root", systemCall("pivot_root", name, name));
    // The old root now lies on top of the new one. A path does not lead to it, for paths begin below.
    changeFolder(old);
    // umount2 takes what lies on top (LOOKUP_MOUNTPOINT): first the mount over "/", then the old root itself.
    for (let count = 0; count < 2; count++) checked("umount2", libc().umount2(pointer(here), MNT_DETACH));
  } finally {
    closeSync(old);
  }
  const top = cString("/");
  checked("chdir", systemCall("chdir", BigInt(pointer(top))));
}

/** fchdir(2). Of this thread alone, once it has a mount namespace of its own. */
function changeFolder(folder: number): void {
  checked("fchdir", systemCall("fchdir", BigInt(folder)));
}

/** chdir(2) of this thread. False when the path leads to no folder that may be entered. */
export function changeDirectory(path: string): boolean {
  const name = cString(path);
  return systemCall("chdir", BigInt(pointer(name))) === 0;
}

/** The folder of this thread from its root; undefined when it lies outside of that (getcwd(3), "(unreachable)"). */
export function currentDirectory(): string | undefined {
  const bytes = Buffer.alloc(4096);
  const length = checked("getcwd", systemCall("getcwd", BigInt(pointer(bytes)), 4096n));
  const path = bytes.toString("utf8", 0, length - 1);
  return path.startsWith("/") ? path : undefined;
}

/** chown(2) by numbers, of a link itself. */
export function changeOwner(path: string | Uint8Array, uid: number, gid: number): void {
  const name = cString(path);
  const noFollow = 0x100n;
  checked(
    `chown ${typeof path === "string" ? path : Buffer.from(path).toString()}`,
    systemCall("fchownat", AT_FDCWD, BigInt(pointer(name)), BigInt(uid), BigInt(gid), noFollow),
  );
}
