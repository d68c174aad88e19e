import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
} from "node:fs";
import { belowFd, readXattrs } from "#host";
import type { TarType } from "./tar-read.ts";
import { tarHeader, type TarMember, tarPadding } from "./tar-write.ts";

// A folder as tar members, walked on descriptors: each step is one component below an open folder and follows no link,
// so that a container that swaps names for links meanwhile gets its own files read, never the host's (CVE-2018-15664,
// CVE-2023-0778). What vanishes on the way is left out; a file that shrinks is filled with zeros to the size announced.

/** One entry on the walk. */
export interface TreeEntry {
  /** Binary string, relative to the top, without a slash at either end; "" is the top itself. */
  readonly name: string;
  readonly type: TarType;
  readonly info: BigIntStats;
  readonly xattrs: ReadonlyMap<string, Buffer> | undefined;
}

export interface TreeOptions {
  /** What stands in front of every name, for example the folder's own name; "" for the contents alone. */
  readonly prefix: string;
  /** Members to write instead of the entry itself; undefined: the entry as it is. */
  readonly translate?: (entry: TreeEntry) => readonly TarMember[] | undefined;
  /** Members to write right after a folder's own. */
  readonly inFolder?: (entry: TreeEntry) => readonly TarMember[];
  readonly isKept?: (xattr: string) => boolean;
  /** `seconds` (the default) gives the same bytes on file systems with coarser times. */
  readonly times?: "seconds" | "nanoseconds";
  /** Later times become this one: seconds since 1970 (SOURCE_DATE_EPOCH). */
  readonly latest?: number;
  /** Files of this user are root's: an ordinary user has no others of his own. */
  readonly mine?: { readonly uid: number; readonly gid: number } | undefined;
}

/** The members of an open folder, sorted by bytes, without the archive's end. `top` stays open. */
export function* readTree(top: number, options: TreeOptions): Generator<Buffer, void> {
  const walk = new Walk(options);
  if (options.prefix !== "") {
    const info = fstatSync(top, { bigint: true });
    yield* walk.folderMember({
      name: "",
      type: "directory",
      info,
      xattrs: walk.xattrs(top, Buffer.from(".")),
    });
  }
  yield* walk.folder(top, "");
}

/** One entry of an open folder, under the name `options.prefix`; a folder with all below it. */
export function* readTreeEntry(
  parent: number,
  name: Uint8Array,
  options: TreeOptions,
): Generator<Buffer, void> {
  yield* new Walk(options).entry(parent, Buffer.from(name), "");
}

const chunkSize = 1 << 18;

class Walk {
  readonly #options: TreeOptions;
  /** The first name of each file with several, by device and inode. */
  readonly #linked = new Map<string, string>();

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  *folder(folder: number, prefix: string): Generator<Buffer, void> {
    const names = readdirSync(`/proc/self/fd/${folder}`, { encoding: "buffer" }).sort(Buffer.compare);
    for (const name of names) {
      const text = name.toString("latin1");
      yield* this.entry(folder, name, prefix === "" ? text : `${prefix}/${text}`);
    }
  }

  *entry(folder: number, name: Buffer, path: string): Generator<Buffer, void> {
    const at = belowFd(folder, name);
    const info = present(() => lstatSync(at, { bigint: true }));
    if (info === undefined) return;
    const type = typeOf(info);
    // A socket cannot be in an archive.
    if (type === undefined) return;
    const entry: TreeEntry = { name: path, type, info, xattrs: this.xattrs(folder, name) };
    const translated = this.#options.translate?.(entry);
    if (translated !== undefined) {
      for (const member of translated) yield tarHeader(member);
      return;
    }
    if (type === "directory") yield* this.#openFolder(at, entry);
    else if (type === "file") yield* this.#file(at, entry);
    else if (type === "symlink") {
      const link = present(() => readlinkSync(at, { encoding: "buffer" }));
      if (link !== undefined) yield tarHeader({ ...this.#member(entry), linkName: link.toString("latin1") });
    } else yield this.#hardLink(entry) ?? tarHeader({ ...this.#member(entry), ...deviceOf(info) });
  }

  *folderMember(entry: TreeEntry): Generator<Buffer, void> {
    yield tarHeader(this.#member(entry));
    for (const member of this.#options.inFolder?.(entry) ?? []) yield tarHeader(member);
  }

  *#openFolder(at: Buffer, entry: TreeEntry): Generator<Buffer, void> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
    const fd = present(() => openSync(at, flags));
    if (fd === undefined) return;
    try {
      yield* this.folderMember({ ...entry, info: fstatSync(fd, { bigint: true }) });
      yield* this.folder(fd, entry.name);
    } finally {
      closeSync(fd);
    }
  }

  *#file(at: Buffer, entry: TreeEntry): Generator<Buffer, void> {
    const link = this.#hardLink(entry);
    if (link !== undefined) {
      yield link;
      return;
    }
    // Non-blocking: what was a file a moment ago may be a fifo now.
    const fd = present(() => openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    if (fd === undefined) return;
    try {
      const info = fstatSync(fd, { bigint: true });
      if (!info.isFile()) return;
      const size = Number(info.size);
      yield tarHeader({ ...this.#member({ ...entry, info }), size });
      yield* fileBytes(fd, size);
      if (size % 512 !== 0) yield tarPadding(size);
    } finally {
      closeSync(fd);
    }
  }

  #hardLink(entry: TreeEntry): Buffer | undefined {
    if (entry.info.nlink < 2n) return undefined;
    const key = `${entry.info.dev}:${entry.info.ino}`;
    const first = this.#linked.get(key);
    if (first === undefined) {
      this.#linked.set(key, this.#named(entry.name));
      return undefined;
    }
    return tarHeader({ ...this.#member(entry), type: "hard-link", linkName: first, xattrs: undefined });
  }

  #named(name: string): string {
    const { prefix } = this.#options;
    if (prefix === "") return name;
    return name === "" ? prefix : `${prefix}/${name}`;
  }

  #member(entry: TreeEntry): TarMember {
    const { info } = entry;
    const { latest, times } = this.#options;
    const seconds = Number(
      info.mtimeNs >= 0n ? info.mtimeNs / 1_000_000_000n : (info.mtimeNs - 999_999_999n) / 1_000_000_000n,
    );
    const isLate = latest !== undefined && seconds > latest;
    return {
      type: entry.type,
      name: this.#named(entry.name),
      mode: Number(info.mode) & 0o7777,
      uid: ownerOf(info.uid, this.#options.mine?.uid),
      gid: ownerOf(info.gid, this.#options.mine?.gid),
      mtime: isLate ? latest : seconds,
      mtimeNanoseconds:
        times === "nanoseconds" && !isLate ? Number(info.mtimeNs - BigInt(seconds) * 1_000_000_000n) : 0,
      xattrs: this.#kept(entry.xattrs),
    };
  }

  xattrs(folder: number, name: Buffer): ReadonlyMap<string, Buffer> | undefined {
    return readXattrs(belowFd(folder, name));
  }

  #kept(xattrs: ReadonlyMap<string, Buffer> | undefined): ReadonlyMap<string, Buffer> | undefined {
    const { isKept } = this.#options;
    if (xattrs === undefined || isKept === undefined) return xattrs;
    return new Map([...xattrs].filter(([key]) => isKept(key)));
  }
}

function* fileBytes(fd: number, size: number): Generator<Buffer, void> {
  for (let at = 0; at < size; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkSize, size - at));
    const count = readSync(fd, chunk, 0, chunk.length, at);
    if (count === 0) chunk.fill(0);
    const bytes = count === 0 ? chunk : chunk.subarray(0, count);
    yield bytes;
    at += bytes.length;
  }
}

function typeOf(info: BigIntStats): TarType | undefined {
  if (info.isFile()) return "file";
  if (info.isDirectory()) return "directory";
  if (info.isSymbolicLink()) return "symlink";
  if (info.isCharacterDevice()) return "character-device";
  if (info.isBlockDevice()) return "block-device";
  return info.isFIFO() ? "fifo" : undefined;
}

/** Linux's dev_t as stat gives it (makedev(3)). */
export function deviceOf(info: BigIntStats): { deviceMajor: number; deviceMinor: number } {
  const device = info.rdev;
  return {
    deviceMajor: Number(((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n)),
    deviceMinor: Number((device & 0xffn) | ((device >> 12n) & 0xffffff00n)),
  };
}

/** Undefined where the file has vanished, or become something else, since its name was read. */
function present<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR" || code === "EINVAL" || code === "ENXIO")
      return undefined;
    throw error;
  }
}

function ownerOf(id: bigint, mine: number | undefined): number {
  return Number(id) === mine ? 0 : Number(id);
}
