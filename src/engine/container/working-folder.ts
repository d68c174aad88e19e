import { fchownSync, mkdirSync } from "node:fs";
import { belowFd, openFlag, openInside, openRoot } from "#host";
import type { ContainerSpec } from "#runtime";
import { workingFolderRefused } from "../error.ts";

/**
 * Makes the working folder where the image has none, as Docker does. Every step is opened inside the root, so a link in
 * the image cannot make a folder on the host (CVE-2026-55686); a folder that a mount will bring is left to the mount.
 */
export function makeWorkingFolder(
  rootfs: string,
  path: string,
  user: { readonly uid: number; readonly gid: number },
  mounts: ContainerSpec["mounts"],
): void {
  if (path === "/" || mounts.some((mount) => `${path}/`.startsWith(`${mount.target}/`))) return;
  if (/^\/(proc|sys|dev)(\/|$)/.test(path)) {
    if (/^\/proc\/(self|thread-self|\d+)\/(fd|cwd|root)/.test(path)) throw workingFolderRefused(path);
    return;
  }
  using root = openRoot(rootfs);
  let below = "";
  for (const part of path.split("/").filter((step) => step !== "")) {
    below = `${below}/${part}`;
    if (exists(root.fd, below)) continue;
    makeFolder(root.fd, below, user);
  }
}

function exists(root: number, path: string): boolean {
  try {
    using _open = openInside(root, path, openFlag.path | openFlag.directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw workingFolderRefused(path);
  }
}

function makeFolder(root: number, path: string, user: { readonly uid: number; readonly gid: number }): void {
  const slash = path.lastIndexOf("/");
  using parent = openInside(root, path.slice(0, slash) || "/", openFlag.path | openFlag.directory);
  try {
    mkdirSync(belowFd(parent.fd, Buffer.from(path.slice(slash + 1))), { mode: 0o755 });
  } catch (error) {
    // A link to nothing, or to what the kernel will mount: /proc is still empty here, and the runtime would follow it.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw workingFolderRefused(path);
    throw error;
  }
  using made = openInside(root, path, openFlag.directory);
  fchownSync(made.fd, user.uid, user.gid);
}
