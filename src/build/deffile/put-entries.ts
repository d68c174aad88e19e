import { constants, fchmodSync, symlinkSync, unlinkSync, lstatSync, chmodSync } from "node:fs";
import { belowFd, openFlag, openInside, openRoot, readFileInside } from "#host";
import { RootWriter } from "../copy/write.ts";
import type { ImageEntry } from "./image/entry.ts";

/** Puts files, folders and links into a mounted root, every path resolved inside of it. */
export function putEntries(rootfs: string, entries: readonly ImageEntry[], time: number): void {
  using writer = new RootWriter(rootfs, { time }, undefined);
  using root = openRoot(rootfs);
  for (const entry of entries) {
    const path = Buffer.from(entry.path).toString("latin1");
    const slash = path.lastIndexOf("/");
    writer.makeFolders(path.slice(0, slash));
    const parent = () => openInside(root.fd, path.slice(0, slash) || "/", openFlag.path | openFlag.directory);
    if (entry.kind === "folder") {
      const isNew = !writer.isFolder(path);
      writer.makeFolders(path);
      if (isNew || entry.existing !== "keep") {
        using folder = openInside(root.fd, path, openFlag.directory);
        chmodSync(folder.path, entry.mode);
      }
    } else if (entry.kind === "link") {
      using folder = parent();
      const at = belowFd(folder.fd, Buffer.from(path.slice(slash + 1), "latin1"));
      const info = lstatSync(at, { throwIfNoEntry: false });
      if (info !== undefined && !info.isDirectory()) unlinkSync(at);
      if (info?.isDirectory() !== true) symlinkSync(entry.target, at);
    } else {
      const before = readInside(rootfs, entry.path);
      if (before !== undefined && entry.existing === "keep") continue;
      const content =
        before !== undefined && entry.existing === "append" ? before + entry.content : entry.content;
      writer.putText(content, path);
      using file = openInside(root.fd, path, constants.O_RDONLY | constants.O_NOFOLLOW);
      fchmodSync(file.fd, entry.mode);
    }
  }
  writer.finish();
}

/** A text of the root, links resolved inside; undefined when it is not there. At most 16 MB. */
export function readInside(rootfs: string, path: string): string | undefined {
  try {
    using root = openRoot(rootfs);
    return readFileInside(root.fd, path, mostBytes)?.toString();
  } catch {
    return undefined;
  }
}

const mostBytes = 16 * 1024 * 1024;

/** Removes a file of the root, when it is one. */
export function removeInside(rootfs: string, path: string): void {
  try {
    using root = openRoot(rootfs);
    const slash = path.lastIndexOf("/");
    using folder = openInside(root.fd, path.slice(0, slash) || "/", openFlag.path | openFlag.directory);
    unlinkSync(belowFd(folder.fd, Buffer.from(path.slice(slash + 1))));
  } catch {
    // Nobody has written it.
  }
}
