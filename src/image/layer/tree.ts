import type { TarEntry } from "./tar-read.ts";

// One layer as a tree in memory. Names from an archive are resolved here, inside the root of the tree, and nowhere
// else: no path of an archive ever reaches the host's file system, so a link in it can lead nowhere but into the tree.

export const fileType = {
  mask: 0o170000,
  fifo: 0o010000,
  characterDevice: 0o020000,
  directory: 0o040000,
  blockDevice: 0o060000,
  file: 0o100000,
  symlink: 0o120000,
} as const;

/** Why an entry was refused. `limit`: too much of it rather than wrong. */
export class LayerFault extends Error {
  readonly limit: boolean;

  constructor(reason: string, options: { readonly limit?: boolean } = {}) {
    super(reason);
    this.limit = options.limit ?? false;
  }
}

/** An inode. Names are binary strings (one character per byte). */
export class LayerNode {
  /** Type and permission bits, as in st_mode. */
  mode: number;
  uid = 0;
  gid = 0;
  mtime = 0;
  mtimeNanoseconds = 0;
  /** Names that lead here; 0 when the node was replaced. For a folder always 1. */
  links = 1;
  xattrs: ReadonlyMap<string, Buffer> | undefined = undefined;
  /** Of a folder. */
  children: Map<string, LayerNode> | undefined = undefined;
  parent: LayerNode | undefined = undefined;
  /** The first name that led here; "" for the root. */
  name = "";
  pathLength = 0;
  /** Hides all that lower layers have in this folder. */
  opaque = false;
  /** Of a symlink. */
  target = "";
  /** Of a file, in bytes with holes. */
  size = 0;
  /** Of a device. */
  major = 0;
  minor = 0;
  /** The writer's own mark: where it keeps the inode or its bytes. -1: nowhere yet. */
  place = -1;

  constructor(mode: number) {
    this.mode = mode;
  }

  get type(): number {
    return this.mode & fileType.mask;
  }

  /** A character device 0:0 is how overlayfs says "removed here". */
  get isWhiteout(): boolean {
    return this.type === fileType.characterDevice && this.major === 0 && this.minor === 0;
  }
}

export interface TreeLimits {
  readonly entries: number;
  /** Bytes of names, link targets and attributes, all together: what the tree costs in memory. */
  readonly nameBytes: number;
}

const maxPath = 4095;
const maxName = 255;
/** As the kernel's own path walk (path_resolution(7)). */
const maxLinks = 40;
const maxSteps = 20_000;

export class LayerTree {
  readonly root: LayerNode;
  readonly #limits: TreeLimits;
  #entries = 0;
  #nameBytes = 0;

  /** `root`: goes on with a tree that is there. */
  constructor(limits: TreeLimits, root = newRoot()) {
    this.#limits = limits;
    this.root = root;
  }

  /** What a path leads to, links followed inside the tree; undefined when nothing, or a whiteout. Throws LayerFault. */
  find(path: string): LayerNode | undefined {
    let [at, parts] = [this.root, path.split("/")];
    for (let links = 0; links <= maxLinks; links++) {
      const last = parts.findLastIndex((part) => part !== "" && part !== ".");
      const name = parts[last];
      if (name === undefined) return at;
      const folder = this.#resolve(parts.slice(0, last), undefined, at);
      const node = name === ".." ? folder?.parent : folder?.children?.get(name);
      if (folder === undefined || node === undefined || node.isWhiteout) return undefined;
      if (node.type !== fileType.symlink) return node;
      at = node.target.startsWith("/") ? this.root : folder;
      parts = node.target.split("/");
    }
    throw new LayerFault(`the path ${shown(path)} leads through too many links`);
  }

  /** Applies one entry. Gives the node when it is a new file whose bytes follow. Throws LayerFault. */
  apply(entry: TarEntry): LayerNode | undefined {
    this.#count(entry);
    const parts = partsOf(entry.name);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type !== "directory") throw new LayerFault(`the entry ${shown(entry.name)} has no name`);
      setMetadata(this.root, entry);
      return undefined;
    }
    // AUFS kept its own books under such names; they never meant a file of the image.
    if (parts.some((part) => part.startsWith(".wh..wh."))) return undefined;
    for (const part of parts) {
      if (part.startsWith(".wh."))
        throw new LayerFault(`the entry ${shown(entry.name)} lies below a whiteout`);
    }
    const folder = this.#resolve(parts, entry)!;
    if (name.startsWith(".wh.")) {
      this.#applyWhiteout(folder, name, entry);
      return undefined;
    }
    return this.#put(folder, name, entry);
  }

  #count(entry: TarEntry): void {
    this.#spend(entry.name.length + entry.linkName.length);
    if (entry.xattrs !== undefined) {
      for (const [name, value] of entry.xattrs) this.#spend(name.length + value.length);
    }
    if (entry.sparse !== undefined) this.#spend(entry.sparse.length * 8);
  }

  #spend(bytes: number): void {
    this.#nameBytes += bytes;
    if (this.#nameBytes > this.#limits.nameBytes) {
      throw new LayerFault(`its names and attributes take more than ${this.#limits.nameBytes} bytes`, {
        limit: true,
      });
    }
  }

  #countNode(): void {
    if (++this.#entries > this.#limits.entries) {
      throw new LayerFault(`it has more than ${this.#limits.entries} entries`, { limit: true });
    }
  }

  #put(folder: LayerNode, name: string, entry: TarEntry): LayerNode | undefined {
    switch (entry.type) {
      case "directory":
        this.#putFolder(folder, name, entry);
        return undefined;
      case "hard-link":
        this.#putHardLink(folder, name, entry);
        return undefined;
      case "symlink": {
        if (entry.linkName === "") throw new LayerFault(`the symlink ${shown(entry.name)} has no target`);
        const node = this.#putNode(folder, name, entry, fileType.symlink | 0o777);
        node.target = entry.linkName;
        return undefined;
      }
      case "character-device":
      case "block-device": {
        const { deviceMajor: major, deviceMinor: minor } = entry;
        if (!(major >= 0 && major < 4096 && minor >= 0 && minor < 1 << 20)) {
          throw new LayerFault(`the device ${shown(entry.name)} has the impossible number ${major}:${minor}`);
        }
        const type = entry.type === "block-device" ? fileType.blockDevice : fileType.characterDevice;
        // Overlayfs would take it for a whiteout, which only whiteout entries may make.
        if (type === fileType.characterDevice && major === 0 && minor === 0) {
          throw new LayerFault(`the entry ${shown(entry.name)} is a character device 0:0`);
        }
        const node = this.#putNode(folder, name, entry, type | entry.mode);
        node.major = major;
        node.minor = minor;
        return undefined;
      }
      case "fifo":
        this.#putNode(folder, name, entry, fileType.fifo | entry.mode);
        return undefined;
      case "file": {
        const node = this.#putNode(folder, name, entry, fileType.file | entry.mode);
        node.size = entry.size;
        return node;
      }
      default:
        return entry.type satisfies never;
    }
  }

  #putNode(folder: LayerNode, name: string, entry: TarEntry, mode: number): LayerNode {
    const node = new LayerNode(mode);
    setMetadata(node, entry);
    node.mode = mode;
    this.#attach(folder, name, node);
    return node;
  }

  /** What is in the way is removed first, a link like everything else: it is never followed (R2). */
  #attach(folder: LayerNode, name: string, node: LayerNode): void {
    checkName(folder, name);
    this.#countNode();
    const old = folder.children!.get(name);
    if (old !== undefined) release(old);
    folder.children!.set(name, node);
    if (node.name !== "") return;
    node.name = name;
    node.parent = folder;
  }

  #putFolder(folder: LayerNode, name: string, entry: TarEntry): void {
    const old = folder.children!.get(name);
    // A link to a folder is replaced by a folder, as containerd and Docker do.
    const node = old?.children === undefined ? this.#makeFolder(folder, name) : old;
    setMetadata(node, entry);
  }

  #makeFolder(folder: LayerNode, name: string): LayerNode {
    const node = new LayerNode(fileType.directory | 0o755);
    node.children = new Map();
    node.pathLength = folder.pathLength + 1 + name.length;
    // A folder beside its own whiteout: the lower one is gone, this one is new.
    node.opaque = folder.children!.get(name)?.isWhiteout ?? false;
    this.#attach(folder, name, node);
    return node;
  }

  #putHardLink(folder: LayerNode, name: string, entry: TarEntry): void {
    const parts = entry.linkName.split("/").filter((part) => part !== "" && part !== ".");
    const last = parts.pop();
    const holder = last === undefined || last === ".." ? undefined : this.#resolve(parts, undefined);
    const node = last === undefined ? undefined : holder?.children?.get(last);
    const link = `the hard link ${shown(entry.name)} to ${shown(entry.linkName)}`;
    if (node === undefined || node.isWhiteout) throw new LayerFault(`${link} leads to nothing in this layer`);
    if (node.children !== undefined) throw new LayerFault(`${link} leads to a folder`);
    if (folder.children!.get(name) === node) return;
    node.links++;
    this.#attach(folder, name, node);
  }

  #applyWhiteout(folder: LayerNode, name: string, entry: TarEntry): void {
    if (name === ".wh..wh..opq") {
      folder.opaque = true;
      return;
    }
    if (name.startsWith(".wh..wh.")) return;
    const hidden = name.slice(4);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw new LayerFault(`the whiteout ${shown(entry.name)} names no file`);
    }
    const old = folder.children!.get(hidden);
    // A whiteout is about lower layers (image-spec, layer.md): what this layer brings itself stays.
    if (old !== undefined) {
      if (old.children !== undefined) old.opaque = true;
      return;
    }
    const node = new LayerNode(fileType.characterDevice);
    node.mtime = entry.mtime;
    this.#attach(folder, hidden, node);
  }

  /**
   * The folder that a path leads to, with links followed inside the root. With `entry`, folders that are missing are
   * made (root, 0755, the time of the entry); without, undefined when something is missing.
   */
  #resolve(parts: readonly string[], entry: TarEntry | undefined, from = this.root): LayerNode | undefined {
    let at = from;
    let links = 0;
    let steps = 0;
    const rest = parts.toReversed();
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === "" || part === ".") continue;
      if (++steps > maxSteps) throw new LayerFault("a path leads through too many folders");
      if (part === "..") {
        at = at.parent!;
        continue;
      }
      let next = at.children!.get(part);
      if (next?.type === fileType.symlink) {
        if (++links > maxLinks)
          throw new LayerFault(`the path ${shown(parts.join("/"))} leads through too many links`);
        if (next.target.startsWith("/")) at = this.root;
        rest.push(...next.target.split("/").reverse());
        continue;
      }
      if (next === undefined || next.isWhiteout) {
        if (entry === undefined) return undefined;
        next = this.#makeFolder(at, part);
        next.mtime = entry.mtime;
      }
      if (next.children === undefined) {
        if (entry === undefined) return undefined;
        throw new LayerFault(
          `the entry ${shown(entry.name)} lies below ${shown(part)}, which is not a folder`,
        );
      }
      at = next;
    }
    return at;
  }
}

function newRoot(): LayerNode {
  const root = new LayerNode(fileType.directory | 0o755);
  root.children = new Map();
  root.parent = root;
  return root;
}

/** The components of a name. Leading slashes and "." mean nothing; ".." is an attack or a mistake. */
function partsOf(name: string): string[] {
  const parts = name.split("/");
  let kept = 0;
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part === "..") throw new LayerFault(`the entry ${shown(name)} steps out with ".."`);
    parts[kept++] = part;
  }
  parts.length = kept;
  return parts;
}

function checkName(folder: LayerNode, name: string): void {
  if (name.length > maxName) {
    throw new LayerFault(`a name is ${name.length} bytes long, at most ${maxName} are possible`);
  }
  if (folder.pathLength + 1 + name.length > maxPath) {
    throw new LayerFault(`a path is longer than ${maxPath} bytes`);
  }
}

function setMetadata(node: LayerNode, entry: TarEntry): void {
  node.mode = node.type | entry.mode;
  node.uid = entry.uid;
  node.gid = entry.gid;
  node.mtime = entry.mtime;
  node.mtimeNanoseconds = entry.mtimeNanoseconds;
  node.xattrs = entry.xattrs === undefined ? undefined : keptXattrs(entry.xattrs);
}

const keptPrefix = /^(?:user|trusted|security)\../s;

/** What overlayfs keeps in attributes is made by the engine only: an archive could redirect a folder to elsewhere. */
function keptXattrs(xattrs: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> | undefined {
  const kept = new Map<string, Buffer>();
  // Sorted, so that the same attributes in another order give the same bytes.
  for (const [name, value] of [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith("trusted.overlay.") || name.startsWith("user.overlay.")) continue;
    const isAcl = name === "system.posix_acl_access" || name === "system.posix_acl_default";
    if (isAcl || keptPrefix.test(name)) kept.set(name, value);
  }
  return kept.size === 0 ? undefined : kept;
}

/** Takes one name from a node; a folder takes all that is in it along. */
function release(node: LayerNode): void {
  const rest = [node];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    next.links--;
    if (next.children !== undefined) rest.push(...next.children.values());
  }
}

/** A name of an archive, as safe text for an error. */
export function shown(name: string): string {
  const text = Buffer.from(name, "latin1").toString("utf8");
  const short = text.length > 120 ? `${text.slice(0, 120)}...` : text;
  return JSON.stringify(short);
}
