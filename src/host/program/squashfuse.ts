import { closeSync, openSync } from "node:fs";
import { type DetachedMount, makeMount, mountAttribute } from "../kernel/mount.ts";
import { findProgram } from "./find.ts";
import { runSync } from "../run.ts";

// squashfuse_ll(1) on libfuse 3: serves a squashfs that lies in a file, for who may not mount it by the kernel.
//
// The mount is made here and given to it as an open /dev/fuse ("/dev/fd/3", libfuse 3.3 and later), so that it hangs where
// we hang it. The server goes into a mount namespace of its own, which was copied before the mount is hung in: it does not
// keep ours alive, so that when the last program has ended, the mount goes, and the server with it. It is no child of the
// program that this process becomes, which might wait for it: it puts itself into the background.

export interface SquashfuseWish {
  readonly path: string;
  /** Bytes before the file system. */
  readonly offset: number;
  readonly uid: number;
  readonly gid: number;
}

/** Whether this user may speak with /dev/fuse, and the program is there. */
export function canSquashfuse(): boolean {
  if (findProgram("squashfuse_ll") === undefined) return false;
  try {
    closeSync(openSync("/dev/fuse", "r+"));
    return true;
  } catch {
    return false;
  }
}

export function squashfuseArgs(wish: SquashfuseWish, program: string): readonly string[] {
  return ["--mount", "--", program, "-o", `ro,offset=${wish.offset}`, wish.path, "/dev/fd/3"];
}

/** Mounts the file system so that it hangs nowhere yet. Throws what it said where it does not start. */
export function mountSquashfuse(wish: SquashfuseWish): DetachedMount {
  const program = findProgram("squashfuse_ll");
  if (program === undefined) throw new Error("squashfuse_ll is not here");
  const device = openSync("/dev/fuse", "r+");
  try {
    const mount = makeMount(
      "fuse",
      [
        ["source", "squashfuse"],
        ["fd", String(device)],
        ["rootmode", "40000"],
        ["user_id", String(wish.uid)],
        ["group_id", String(wish.gid)],
        ["default_permissions", null],
        ["ro", null],
      ],
      mountAttribute.readonly | mountAttribute.nosuid | mountAttribute.nodev,
    );
    const served = runSync("unshare", squashfuseArgs(wish, program), { descriptor: device });
    if (served.exitCode === 0) return mount;
    mount[Symbol.dispose]();
    throw new Error(`squashfuse_ll: ${served.stderr.trim() || `it ended with code ${served.exitCode}`}`);
  } finally {
    closeSync(device);
  }
}
