import { closeSync, openSync } from "node:fs";
import { type DetachedMount, makeMount, mountAttribute } from "../kernel/mount.ts";
import { enterPrivateMounts, leaveMountsBehind } from "../kernel/namespace.ts";
import { startProgram } from "../run.ts";
import { findProgram } from "./find.ts";

// squashfuse_ll(1) on libfuse 3: serves a squashfs that lies in a file, for who may not mount it by the kernel.
//
// The mount is made here and given to it as an open /dev/fuse ("/dev/fd/3", libfuse 3.3 and later), so that it hangs where
// we hang it. The server stays in the mount namespace that it was started in, and we go on into another: it does not keep
// ours alive, so that when the last program has ended, the mount goes, and the server with it. It is no child of the
// program that this process becomes, which might wait for it: it puts itself into the background.

export interface SquashfuseWish {
  /** An open descriptor of the file: what is served is what was looked at, whatever lies at the path by now. */
  readonly file: number;
  /** For who looks at the list of processes. */
  readonly path: string;
  /** Bytes before the file system. */
  readonly offset: number;
  readonly uid: number;
  readonly gid: number;
}

/** A file system that is being served, or soon will be: who reads it meanwhile waits. */
export interface SquashfsServer {
  /** Hangs nowhere yet. */
  readonly mount: DetachedMount;
  /** Comes back when it serves in the background; throws what it said when it did not come to that. */
  settled(): Promise<void>;
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

/** Mounts the file system and starts its server, for which nobody waits here. This process changes its mount namespace. */
export function startSquashfuse({ file, path, offset, uid, gid }: SquashfuseWish): SquashfsServer {
  enterPrivateMounts();
  // Ours is closed at once: a server that fails is then the last to hold it, and nobody waits for it in vain.
  const device = openSync("/dev/fuse", "r+");
  try {
    const mount = makeMount(
      "fuse",
      [
        ["source", "squashfuse"],
        ["fd", String(device)],
        ["rootmode", "40000"],
        ["user_id", String(uid)],
        ["group_id", String(gid)],
        ["default_permissions", null],
        ["ro", null],
      ],
      mountAttribute.readonly | mountAttribute.nosuid | mountAttribute.nodev,
    );
    const options = `ro,offset=${offset},fsname=${path.replace(/[\\,]/g, "\\$&")}`;
    const argv = ["squashfuse_ll", "-o", options, "/proc/self/fd/4", "/dev/fd/3"];
    const server = startProgram(argv, {
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      descriptors: [device, file],
    });
    leaveMountsBehind();
    return {
      mount,
      async settled() {
        const code = await server.exited;
        if (code === 0) return;
        const said = await new Response(server.stderr as ReadableStream).text();
        throw new Error(`squashfuse_ll: ${said.trim() || `it ended with code ${code}`}`);
      },
    };
  } finally {
    closeSync(device);
  }
}
