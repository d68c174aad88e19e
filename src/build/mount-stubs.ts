import { fstatSync, lstatSync, rmdirSync, unlinkSync } from "node:fs";
import { belowFd, openFlag, openInside, openRoot } from "#host";

// A runtime makes what a mount needs to be mounted on, and leaves it: empty files and folders that nobody asked for. They
// are found out before the program runs and taken away afterwards, each by its name below an open folder of the root, so
// that a program that puts links in their place gets nothing of the host deleted (CVE-2024-23652).

/** Where the runtime mounts in every root. */
export const ordinaryTargets: readonly string[] = [
  "/proc",
  "/dev",
  "/sys",
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/hostname",
];

/** The paths that are not there yet and will be made for these mounts, the lower ones first. */
export function missingStubs(rootfs: string, targets: readonly string[]): readonly string[] {
  using root = openRoot(rootfs);
  const missing = new Set<string>();
  for (const target of targets) {
    const steps = target.split("/").filter((step) => step !== "");
    for (let count = 1; count <= steps.length; count++) {
      const path = `/${steps.slice(0, count).join("/")}`;
      try {
        using _there = openInside(root.fd, path, openFlag.path);
      } catch {
        missing.add(path);
      }
    }
  }
  return [...missing].toSorted((a, b) => b.length - a.length);
}

/** Removes them where they are still what the runtime made: an empty file or folder. */
export function removeStubs(rootfs: string, stubs: readonly string[]): void {
  using root = openRoot(rootfs);
  for (const path of stubs) {
    const slash = path.lastIndexOf("/");
    try {
      using folder = openInside(root.fd, path.slice(0, slash) || "/", openFlag.path | openFlag.directory, {
        links: "refuse",
      });
      const at = belowFd(folder.fd, Buffer.from(path.slice(slash + 1)));
      const info = lstatSync(at);
      if (info.isDirectory()) rmdirSync(at);
      else if (info.isFile() && info.size === 0 && fstatSync(folder.fd).nlink > 0) unlinkSync(at);
    } catch {
      // Gone, in use by the program's own files, or reached through a link: it is the program's now.
    }
  }
}
