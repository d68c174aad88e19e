import { writeSync } from "node:fs";

import { isVisibleBelow, mergeBelow, pathOf, walkTree } from "./merge.ts";
import type { AddedEntry } from "./pack-order.ts";
import { putAdded } from "./put-added.ts";
import { tarEnd, tarHeader, type TarMember } from "./tar-write.ts";
import type { TarType } from "./tar-read.ts";
import { fileType, LayerFault, type LayerNode, LayerTree, type TreeLimits } from "./tree.ts";
import type { LayerWriter } from "./writer.ts";

// Layers in, one tar of the whole root file system out, without a file on the disk. The layers come top first, for then
// a file is known to be seen when it arrives, and its bytes go straight through; folders, links and all that has no
// bytes follow at the end, when the tree is whole. tar2sqfs(1) takes them in that order.
//
// A few archives cannot be done in one go: one that names a file twice, or whose hard link leads to a file that an upper
// layer has replaced. They are seen at the end, and the layers are read a second time by a plan.

/** Which files of all layers are written, by their number, and under which path. */
export type PackPlan = ReadonlyMap<number, string>;

export interface PackOptions {
  /** Seconds since 1970: the time of what is added. */
  readonly addedTime: number;
  readonly limits: TreeLimits & { readonly archiveBytes: number };
  /** Files, links and folders that are put in last. */
  readonly added: readonly AddedEntry[];
  /** Where this is in the image, nothing is added. */
  readonly addedUnless: string | undefined;
  /** False: device nodes are left out, for who cannot make them. */
  readonly devices: boolean;
  /** Files whose text is given out, where they are there and not large. */
  readonly texts: readonly string[];
}

const largestText = 1 << 20;
const seconds32 = 2 ** 32 - 1;

/** Told once at the end: it cannot be done in one go. */
export class PackAgain extends Error {}

export class LayerPacker implements LayerWriter {
  readonly leftOut: string[] = [];
  readonly #options: PackOptions;
  readonly #out: (bytes: Buffer) => void;
  readonly #mode: "at-once" | "look" | { readonly plan: PackPlan };
  #merged: LayerNode | undefined;
  #count = 0;
  #written = 0;
  readonly #paths = new Map<number, string>();
  readonly #added = new Map<LayerNode, Buffer>();
  readonly #texts = new Map<string, Buffer[]>();

  /** The file that is being read: undefined when nobody wants its bytes. */
  #file: LayerNode | undefined;
  #offset = 0;
  #text: Buffer[] | undefined;

  /** `look` writes nothing, and plan() is asked at the end. */
  constructor(
    options: PackOptions,
    out: (bytes: Buffer) => void,
    mode: "at-once" | "look" | { readonly plan: PackPlan },
  ) {
    this.#options = options;
    this.#out = out;
    this.#mode = mode;
  }

  beginFile(node: LayerNode, _sparse: readonly number[] | undefined): void {
    node.place = this.#count++;
    const path = this.#pathFor(node);
    this.#file = undefined;
    if (path === undefined) return;
    this.#file = node;
    this.#offset = 0;
    this.#paths.set(node.place, path);
    this.#text = undefined;
    if (this.#options.texts.includes(`/${path}`) && node.size <= largestText) {
      this.#text = [];
      this.#texts.set(`/${path}`, this.#text);
    }
    this.#member(path, node, "file");
  }

  #pathFor(node: LayerNode): string | undefined {
    if (this.#mode === "look") return undefined;
    if (this.#mode !== "at-once") return this.#mode.plan.get(node.place);
    const parts = pathOf(node);
    return this.#merged === undefined || isVisibleBelow(this.#merged, parts) ? parts.join("/") : undefined;
  }

  data(bytes: Buffer, offset: number): void {
    if (this.#file === undefined) return;
    this.#fill(offset);
    this.#text?.push(Buffer.from(bytes));
    this.#write(bytes);
    this.#offset += bytes.length;
  }

  endFile(): void {
    if (this.#file === undefined) return;
    this.#fill(this.#file.size);
    this.#pad(this.#file.size);
    this.#file = undefined;
  }

  /** Holes are written as zeros, which a squashfs keeps as holes again. */
  #fill(offset: number): void {
    while (this.#offset < offset) {
      const piece = zeros.subarray(0, Math.min(zeros.length, offset - this.#offset));
      this.#text?.push(piece);
      this.#write(piece);
      this.#offset += piece.length;
    }
  }

  #pad(size: number): void {
    const rest = size % 512;
    if (rest !== 0) this.#write(zeros.subarray(0, 512 - rest));
  }

  /** The end of a layer. */
  finish(root: LayerNode): void {
    if (this.#merged === undefined) this.#merged = root;
    else mergeBelow(this.#merged, root);
  }

  /** What is to be written at the second reading, when all layers were looked at. */
  plan(): PackPlan {
    const plan = new Map<number, string>();
    for (const [path, node] of walkTree(this.#wholeTree())) {
      if (node.type !== fileType.file || this.#added.has(node)) continue;
      const isOwn = pathOf(node).join("/") === path;
      if (isOwn || !plan.has(node.place)) plan.set(node.place, path);
    }
    return plan;
  }

  /** Writes all that is left. `by`: the packer that has looked. Throws PackAgain. */
  close(by?: LayerPacker): ReadonlyMap<string, string> {
    const tree = by === undefined ? this.#wholeTree() : by.#merged!;
    const added = by === undefined ? this.#added : by.#added;
    const all = [...walkTree(tree)];
    if (by === undefined) this.#check(all);
    for (const [path, node] of all) this.#rest(path, node, added);
    this.#write(tarEnd());
    const texts = new Map([...this.#texts].map(([path, parts]) => [path, Buffer.concat(parts).toString()]));
    for (const [path, node] of all) {
      const content = added.get(node);
      if (content !== undefined && this.#options.texts.includes(`/${path}`))
        texts.set(`/${path}`, content.toString());
    }
    return texts;
  }

  #wholeTree(): LayerNode {
    const { added, addedUnless, limits, addedTime } = this.#options;
    const tree = new LayerTree(limits, this.#merged);
    this.#merged = tree.root;
    if (addedUnless === undefined || tree.find(addedUnless) === undefined)
      for (const [node, content] of putAdded(tree, added, addedTime)) this.#added.set(node, content);
    return tree.root;
  }

  /** Whether what was written at once is what the whole tree has. */
  #check(all: readonly (readonly [path: string, node: LayerNode])[]): void {
    const right = new Set<number>();
    for (const [path, node] of all) {
      if (node.type !== fileType.file || this.#added.has(node)) continue;
      const written = this.#paths.get(node.place);
      if (written === undefined) throw new PackAgain();
      if (written === path) right.add(node.place);
    }
    if (right.size !== this.#paths.size) throw new PackAgain();
  }

  #rest(path: string, node: LayerNode, added: ReadonlyMap<LayerNode, Buffer>): void {
    switch (node.type) {
      case fileType.file: {
        const content = added.get(node);
        if (content !== undefined) {
          this.#member(path, node, "file");
          this.#write(content);
          this.#pad(content.length);
          return;
        }
        const written = this.#paths.get(node.place);
        if (written === undefined) throw new Error(`our bug: the file ${path} was not written`);
        if (written !== path) this.#member(path, node, "hard-link", written);
        return;
      }
      case fileType.directory:
        this.#member(path === "" ? "." : path, node, "directory");
        return;
      case fileType.symlink:
        this.#member(path, node, "symlink", node.target);
        return;
      case fileType.fifo:
        this.#member(path, node, "fifo");
        return;
      default:
        if (this.#options.devices)
          this.#member(path, node, node.type === fileType.blockDevice ? "block-device" : "character-device");
    }
  }

  #member(name: string, node: LayerNode, type: TarType, linkName = ""): void {
    const member: TarMember = {
      type,
      name,
      linkName,
      size: node.size,
      mode: node.mode & 0o7777,
      uid: node.uid,
      gid: node.gid,
      // A squashfs has whole seconds in 32 bits.
      mtime: Math.max(0, Math.min(node.mtime, seconds32)),
      deviceMajor: node.major,
      deviceMinor: node.minor,
      xattrs: type === "hard-link" ? undefined : squashfsXattrs(node.xattrs),
    };
    this.#write(tarHeader(member));
  }

  #write(bytes: Buffer): void {
    this.#written += bytes.length;
    if (this.#written > this.#options.limits.archiveBytes)
      throw new LayerFault(`its layers unpack to more than ${this.#options.limits.archiveBytes} bytes`, {
        limit: true,
      });
    this.#out(bytes);
  }
}

const zeros = Buffer.alloc(1 << 16);

/** A squashfs has room for these three kinds; access control lists (system.posix_acl_*) are none of them. */
function squashfsXattrs(xattrs: ReadonlyMap<string, Buffer> | undefined) {
  const kept = [...(xattrs ?? [])].filter(([name]) => /^(?:user|trusted|security)\./.test(name));
  return kept.length === 0 ? undefined : new Map(kept);
}

/** Gathers small writes to a descriptor. Call flush() at the end. */
export class TarOutput {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(1 << 20);
  #length = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Buffer): void {
    if (this.#length + bytes.length > this.#buffer.length) this.flush();
    if (bytes.length > this.#buffer.length) writeAll(this.#fd, bytes);
    else this.#length += bytes.copy(this.#buffer, this.#length);
  }

  flush(): void {
    writeAll(this.#fd, this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
