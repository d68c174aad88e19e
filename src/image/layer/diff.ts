import { type BigIntStats, constants, lstatSync, openSync, readdirSync } from "node:fs";
import { belowFd, OpenFile, openFlag, openInside, openRoot, readXattr, readXattrs } from "#host";
import { deviceOf, readTree, type TreeEntry } from "./tree-read.ts";
import { tarEnd, type TarMember } from "./tar-write.ts";

// What a container changed: the upper folder of its overlay, as a layer (image-spec, layer.md) or as a list of paths.
// In overlayfs a removed name is a 0:0 character device, and a folder that hides the lower one carries `opaque`
// (kernel, overlayfs.rst); in a layer these are the files `.wh.NAME` and `.wh..wh..opq`.

const opaque = /^(?:trusted|user)\.overlay\.opaque$/;
const overlayPrivate = /^(?:trusted|user)\.overlay\./;
const whiteoutXattr = /^(?:trusted|user)\.overlay\.whiteout$/;

export interface DiffOptions {
  /** Later times become this one: seconds since 1970 (SOURCE_DATE_EPOCH). */
  readonly latest?: number;
  /** An entry that counts for nothing, by its relative path: a mount point that a runtime made. */
  readonly isNothing?: (path: string, info: BigIntStats) => boolean;
}

/**
 * The upper folder as an uncompressed layer, the same bytes for the same files. Sockets are left out, and what a program
 * called ".wh.x": in a layer that would delete x, or make it one that nobody can unpack.
 */
export function* diffTar(upper: string, options: DiffOptions = {}): Generator<Buffer, void> {
  using top = new OpenFile(openSync(upper, constants.O_RDONLY | constants.O_DIRECTORY));
  yield* readTree(top.fd, {
    prefix: "",
    isKept: (xattr) => !overlayPrivate.test(xattr),
    translate: (entry) =>
      options.isNothing?.(entry.name, entry.info) === true
        ? []
        : isWhiteout(entry)
          ? [whiteoutMember(entry.name, entry.info, options)]
          : /(?:^|\/)\.wh\.[^/]*$/.test(entry.name)
            ? []
            : undefined,
    inFolder: (entry) =>
      isOpaque(entry) ? [whiteoutMember(`${entry.name}/.wh..opq`, entry.info, options)] : [],
    ...options,
  });
  yield tarEnd();
}

function isWhiteout(entry: TreeEntry): boolean {
  if (entry.type === "character-device") {
    const { deviceMajor, deviceMinor } = deviceOf(entry.info);
    return deviceMajor === 0 && deviceMinor === 0;
  }
  return entry.type === "file" && entry.info.size === 0n && hasXattr(entry, whiteoutXattr);
}

function isOpaque(entry: TreeEntry): boolean {
  return (
    entry.type === "directory" &&
    [...(entry.xattrs ?? [])].some(([key, value]) => opaque.test(key) && value.toString() === "y")
  );
}

function hasXattr(entry: TreeEntry, pattern: RegExp): boolean {
  return [...(entry.xattrs?.keys() ?? [])].some((key) => pattern.test(key));
}

function whiteoutMember(name: string, info: BigIntStats, options: DiffOptions): TarMember {
  const slash = name.lastIndexOf("/") + 1;
  const seconds = Number(info.mtimeNs / 1_000_000_000n);
  return {
    type: "file",
    name: `${name.slice(0, slash)}.wh.${name.slice(slash)}`,
    mode: 0o600,
    mtime: Math.max(0, options.latest === undefined ? seconds : Math.min(seconds, options.latest)),
  };
}

export interface Change {
  /** Added, changed, deleted: as `docker diff` marks them. */
  readonly kind: "A" | "C" | "D";
  /** Absolute inside the container; a binary string. */
  readonly path: string;
}

/** What lies below the changes: the image. Paths are relative binary strings; "" is the top. */
export interface LowerTree {
  has(path: string): boolean;
  /** Names in a folder; none where it is no folder. */
  list(path: string): readonly string[];
}

/** The tree of a folder: the image's layers, mounted without the container's own. Links are not followed. */
export function folderTree(root: string): LowerTree & Disposable {
  const top = openRoot(root);
  const { path: flags, directory, noFollow } = openFlag;
  // Without links but the last: what lies behind one has another name in this tree.
  const look = <T>(path: string, extra: number, use: (file: OpenFile) => T): T | undefined => {
    try {
      using file = openInside(top.fd, Buffer.from(path, "latin1"), flags | noFollow | extra, {
        links: "refuse",
      });
      return use(file);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
      throw error;
    }
  };
  return {
    has: (path) => look(path, 0, () => true) === true,
    list: (path) =>
      look(path, directory, (file) =>
        readdirSync(file.path, { encoding: "buffer" }).map((name) => name.toString("latin1")),
      ) ?? [],
    [Symbol.dispose]: () => top[Symbol.dispose](),
  };
}

/**
 * The changes of an upper folder, sorted by path. A folder that holds nothing but what `isNothing` is no change: making
 * that brought it up.
 */
export function diffPaths(
  upper: string,
  lower: LowerTree,
  isNothing: NonNullable<DiffOptions["isNothing"]> = () => false,
): readonly Change[] {
  using top = new OpenFile(openSync(upper, constants.O_RDONLY | constants.O_DIRECTORY));
  const changes: Change[] = [];
  listFolder(top.fd, "", lower, changes, { hidesLower: false, isNothing });
  return changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function openFolder(at: Buffer): OpenFile | undefined {
  try {
    return new OpenFile(openSync(at, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return undefined;
    throw error;
  }
}

function listFolder(
  folder: number,
  prefix: string,
  lower: LowerTree,
  changes: Change[],
  state: { readonly hidesLower: boolean; readonly isNothing: NonNullable<DiffOptions["isNothing"]> },
): { readonly leftOut: boolean } {
  let leftOut = false;
  const names = readdirSync(`/proc/self/fd/${folder}`, { encoding: "buffer" });
  const seen = new Set<string>();
  for (const name of names) {
    const text = name.toString("latin1");
    seen.add(text);
    const path = prefix === "" ? text : `${prefix}/${text}`;
    const at = belowFd(folder, name);
    const info = lstatSync(at, { bigint: true, throwIfNoEntry: false });
    if (info === undefined) continue;
    if (state.isNothing(path, info)) {
      leftOut = true;
      continue;
    }
    const { deviceMajor, deviceMinor } = deviceOf(info);
    const isGone =
      (info.isCharacterDevice() && deviceMajor === 0 && deviceMinor === 0) ||
      (info.isFile() &&
        info.size === 0n &&
        [...(readXattrs(at)?.keys() ?? [])].some((key) => whiteoutXattr.test(key)));
    const wasThere = lower.has(path);
    if (isGone) {
      if (wasThere) changes.push({ kind: "D", path: `/${path}` });
      continue;
    }
    changes.push({ kind: wasThere ? "C" : "A", path: `/${path}` });
    if (!info.isDirectory()) continue;
    using below = openFolder(at);
    // Gone or become something else meanwhile: a running container goes on changing its files.
    if (below === undefined) continue;
    const isOpaqueFolder = ["trusted", "user"].some(
      (space) => readXattr(at, `${space}.overlay.opaque`)?.toString() === "y",
    );
    const count = changes.length;
    const hidesLower = isOpaqueFolder && wasThere;
    const result = listFolder(below.fd, path, lower, changes, { ...state, hidesLower });
    if (result.leftOut && changes.length === count) changes.pop();
  }
  if (!state.hidesLower) return { leftOut };
  for (const name of lower.list(prefix))
    if (!seen.has(name)) changes.push({ kind: "D", path: `/${prefix}/${name}` });
  return { leftOut };
}
