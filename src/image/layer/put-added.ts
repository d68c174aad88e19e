import type { AddedEntry } from "./pack-order.ts";
import type { TarEntry } from "./tar-read.ts";
import type { LayerNode, LayerTree } from "./tree.ts";

/**
 * Puts files of our own into a tree, every path resolved inside of it. Gives the new files with their bytes. They belong
 * to root and have the time `mtime`, in seconds since 1970.
 */
export function putAdded(
  tree: LayerTree,
  entries: readonly AddedEntry[],
  mtime: number,
): ReadonlyMap<LayerNode, Buffer> {
  const files = new Map<LayerNode, Buffer>();
  for (const entry of entries) {
    const there = tree.find(latin(entry.path));
    if (entry.kind === "folder") {
      if (there?.children === undefined || entry.existing !== "keep")
        tree.apply(tarEntry("directory", entry.path, entry.mode, mtime));
    } else if (entry.kind === "link") {
      if (there?.children === undefined)
        tree.apply({ ...tarEntry("symlink", entry.path, 0o777, mtime), linkName: latin(entry.target) });
    } else {
      if (there !== undefined && (entry.existing === "keep" || there.children !== undefined)) continue;
      const content = Buffer.from(entry.content);
      const node = tree.apply({ ...tarEntry("file", entry.path, entry.mode, mtime), size: content.length });
      if (node !== undefined) files.set(node, content);
    }
  }
  return files;
}

function tarEntry(type: TarEntry["type"], path: string, mode: number, mtime: number): TarEntry {
  return {
    ...{ type, name: latin(path), linkName: "", size: 0, mode, uid: 0, gid: 0, userName: "", groupName: "" },
    ...{ mtime, mtimeNanoseconds: 0, deviceMajor: 0, deviceMinor: 0, xattrs: undefined, sparse: undefined },
  };
}

/** Names of a tree are binary strings. */
function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}
