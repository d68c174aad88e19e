import { ftruncateSync, writeSync } from "node:fs";
import {
  Directory,
  encodeDevice,
  encodeInode,
  encodeSuperblock,
  encodeXattrs,
  erofsBlock,
  inodeSize,
  inodeSlot,
  type Layout,
  layout,
  linksAt,
  maxXattrBytes,
  noBlock,
  superblockAt,
  superblockSize,
} from "./erofs-format.ts";
import { ImageFile } from "./image-file.ts";
import { fileType, LayerFault, type LayerNode } from "./tree.ts";
import type { LayerWriter, OverlayMarks } from "./writer.ts";

// Writes a layer as one erofs image while the layer is still arriving: file bytes go straight to their place, a file's
// inode follows at its end, folders come last. Uncompressed, because the kernel then reads it like a plain file.
//
//     blocks 0 and 1   superblock, inode of the root (its number has 16 bits only, so it must lie at the front)
//     then             bytes of files in whole blocks, between them runs of inodes with short tails and symlinks
//     at the end       folders
//
// The same entries give the same bytes: no time, no random identity.

/** A last part of a file up to this length lies beside its inode; a longer one takes a block. */
const maxInlineTail = 2048;
const metadataRun = 64 * 1024;
const headBytes = 2 * erofsBlock;
const rootAt = superblockAt + superblockSize;
const maxChunks = 65_536;
/** 8 TiB: half of what ext4 takes, and far below the 16 TiB of 32-bit block numbers. */
export const maxImageBytes = 2 ** 43;

interface OpenFile {
  readonly node: LayerNode;
  readonly layout: Layout;
  readonly start: number;
  /** Bytes before the tail that lies beside the inode. */
  readonly body: number;
  readonly tail: Buffer;
  /** Of a sparse file: the image block of each chunk, and the bits of a chunk's length. */
  readonly chunks: Uint32Array | undefined;
  readonly chunkBits: number;
}

interface Placed {
  readonly node: LayerNode;
  readonly at: number;
  readonly layout: Layout;
  readonly start: number;
  readonly size: number;
  readonly xattrs: Buffer | undefined;
  readonly directory: Directory | undefined;
}

const empty = Buffer.alloc(0);

export class ErofsWriter implements LayerWriter {
  readonly leftOut: readonly string[] = [];
  readonly #fd: number;
  readonly #marks: OverlayMarks;
  readonly #data: ImageFile;
  readonly #metadata: ImageFile;
  /** All below is given away. Always whole blocks. */
  #end = headBytes;
  #metadataAt = 0;
  #metadataEnd = 0;
  #inodes = 0;
  #hasChunks = false;
  #file: OpenFile | undefined;

  /** `fd`: a new, empty file, open for writing. */
  constructor(fd: number, marks: OverlayMarks) {
    this.#fd = fd;
    this.#marks = marks;
    this.#data = new ImageFile(fd, 1 << 20);
    this.#metadata = new ImageFile(fd, 1 << 18);
  }

  beginFile(node: LayerNode, sparse: readonly number[] | undefined): void {
    if (sparse !== undefined) {
      this.#file = this.#beginSparse(node, sparse);
      return;
    }
    const tail = node.size % erofsBlock;
    const inline = tail > 0 && tail <= maxInlineTail;
    const body = inline ? node.size - tail : node.size;
    this.#file = {
      node,
      layout: inline ? layout.inline : layout.plain,
      start: body === 0 ? 0 : this.#allocate(body) / erofsBlock,
      body,
      tail: inline ? Buffer.allocUnsafe(tail) : empty,
      chunks: undefined,
      chunkBits: 0,
    };
  }

  /** A file with holes is cut into chunks of one length; a chunk without data takes no room. */
  #beginSparse(node: LayerNode, sparse: readonly number[]): OpenFile {
    let chunkBits = Math.log2(erofsBlock);
    while (node.size / 2 ** chunkBits > maxChunks) chunkBits++;
    const length = 2 ** chunkBits;
    const chunks = new Uint32Array(Math.ceil(node.size / length)).fill(noBlock);
    for (let i = 0; i < sparse.length; i += 2) {
      if (sparse[i + 1] === 0) continue;
      const last = Math.floor((sparse[i]! + sparse[i + 1]! - 1) / length);
      for (let chunk = Math.floor(sparse[i]! / length); chunk <= last; chunk++) {
        if (chunks[chunk] !== noBlock) continue;
        chunks[chunk] = this.#allocate(Math.min(length, node.size - chunk * length)) / erofsBlock;
      }
    }
    this.#hasChunks ||= chunks.length > 0;
    const kind = chunks.length > 0 ? layout.chunks : layout.plain;
    const start = chunks.length > 0 ? chunkBits - Math.log2(erofsBlock) : 0;
    return { node, layout: kind, start, body: node.size, tail: empty, chunks, chunkBits };
  }

  data(bytes: Buffer, offset: number): void {
    const file = this.#file!;
    if (file.chunks !== undefined) {
      this.#sparseData(file, file.chunks, bytes, offset);
      return;
    }
    const inBody = Math.min(bytes.length, Math.max(0, file.body - offset));
    if (inBody === bytes.length) this.#data.put(file.start * erofsBlock + offset, bytes);
    else {
      if (inBody > 0) this.#data.put(file.start * erofsBlock + offset, bytes.subarray(0, inBody));
      bytes.copy(file.tail, offset + inBody - file.body, inBody);
    }
  }

  #sparseData(file: OpenFile, chunks: Uint32Array, bytes: Buffer, offset: number): void {
    const length = 2 ** file.chunkBits;
    for (let at = 0; at < bytes.length; ) {
      const chunk = Math.floor((offset + at) / length);
      const within = offset + at - chunk * length;
      const count = Math.min(bytes.length - at, length - within);
      this.#data.put(chunks[chunk]! * erofsBlock + within, bytes.subarray(at, at + count));
      at += count;
    }
  }

  endFile(): void {
    const { node, layout: kind, start, tail, chunks } = this.#file!;
    const xattrs = this.#xattrsOf(node);
    const map = chunks === undefined || chunks.length === 0 ? empty : Buffer.from(chunks.buffer);
    const at = this.#place(
      inodeSize + (xattrs?.length ?? 0),
      kind === layout.inline ? tail.length : 0,
      map.length,
    );
    node.place = at / inodeSlot;
    this.#writeInode({ node, at, layout: kind, start, size: node.size, xattrs, directory: undefined });
    const after = at + inodeSize + (xattrs?.length ?? 0);
    if (kind === layout.inline) this.#metadata.put(after, tail);
    else if (map.length > 0) this.#metadata.put(after, map);
    this.#file = undefined;
  }

  finish(root: LayerNode): void {
    const shared: LayerNode[] = [];
    const placed = this.#placeTree(root, shared);
    const numberOf = (node: LayerNode) => node.place;
    for (const { directory, start, layout: kind } of placed) {
      if (directory === undefined) continue;
      const whole = kind === layout.inline ? directory.blockCount - 1 : directory.blockCount;
      for (let i = 0; i < whole; i++) {
        const room = this.#data.claim((start + i) * erofsBlock, erofsBlock);
        this.#data.buffer.fill(0, room, room + erofsBlock);
        directory.encodeBlock(i, this.#data.buffer, room, numberOf);
      }
    }
    const head = Buffer.alloc(headBytes);
    for (const item of placed) {
      if (item.node === root) this.#encode(head, rootAt, item);
      else this.#writeNode(item);
    }
    this.#data.flush();
    this.#metadata.flush();
    this.#patchLinks(shared);
    encodeSuperblock(head, {
      rootNumber: rootAt / inodeSlot,
      inodes: this.#inodes,
      blocks: this.#end / erofsBlock,
      hasChunks: this.#hasChunks,
    });
    writeSync(this.#fd, head, 0, head.length, 0);
    ftruncateSync(this.#fd, this.#end);
  }

  /** Gives every node that is not a file its place. Folders name each other, so all places come before all bytes. */
  #placeTree(root: LayerNode, shared: LayerNode[]): Placed[] {
    const nodes: LayerNode[] = [];
    const rest = [root];
    const seen = new Set<LayerNode>();
    for (let node = rest.pop(); node !== undefined; node = rest.pop()) {
      if (node.links > 1 && node.children === undefined) {
        if (seen.has(node)) continue;
        seen.add(node);
        if (node.type === fileType.file) shared.push(node);
      }
      if (node.type !== fileType.file) nodes.push(node);
      if (node.children !== undefined) for (const child of node.children.values()) rest.push(child);
    }
    const directories = new Map<LayerNode, Directory>();
    const starts = new Map<LayerNode, number>();
    for (const node of nodes) {
      if (node.children === undefined) continue;
      const directory = new Directory(node);
      directories.set(node, directory);
      const whole = directory.tail <= maxInlineTail ? directory.blockCount - 1 : directory.blockCount;
      starts.set(node, whole === 0 ? 0 : this.#allocate(whole * erofsBlock) / erofsBlock);
    }
    return nodes.map((node) => {
      const directory = directories.get(node);
      return directory === undefined
        ? this.#placeSpecial(node)
        : this.#placeDirectory(node, directory, starts.get(node)!, node === root);
    });
  }

  #placeDirectory(node: LayerNode, directory: Directory, start: number, isRoot: boolean): Placed {
    const xattrs = this.#xattrsOf(node);
    const length = inodeSize + (xattrs?.length ?? 0);
    const inline = directory.tail <= maxInlineTail;
    const at = isRoot ? rootAt : this.#place(length, inline ? directory.tail : 0, 0);
    node.place = at / inodeSlot;
    const placed = { node, at, xattrs, directory, size: directory.size };
    if (!isRoot || (inline && rootAt + length + directory.tail <= erofsBlock)) {
      return { ...placed, start, layout: inline ? layout.inline : layout.plain };
    }
    if (rootAt + length > headBytes) throw new LayerFault("the attributes of its root folder are too long");
    // The root has little room at the front, so its last entries may need a block like the others.
    const all = inline ? this.#allocate(directory.blockCount * erofsBlock) / erofsBlock : start;
    return { ...placed, start: all, layout: layout.plain };
  }

  #placeSpecial(node: LayerNode): Placed {
    const xattrs = this.#xattrsOf(node);
    const length = inodeSize + (xattrs?.length ?? 0);
    const target = node.target.length;
    const inline = target > 0 && target <= maxInlineTail;
    const isLink = node.type === fileType.symlink;
    const at = this.#place(length, inline ? target : 0, 0);
    node.place = at / inodeSlot;
    const start = !isLink
      ? encodeDevice(node.major, node.minor)
      : inline
        ? 0
        : this.#allocate(target) / erofsBlock;
    const kind = inline ? layout.inline : layout.plain;
    return { node, at, layout: kind, start, size: target, xattrs, directory: undefined };
  }

  #writeNode(item: Placed): void {
    this.#writeInode(item);
    const after = item.at + inodeSize + (item.xattrs?.length ?? 0);
    if (item.node.type === fileType.symlink) {
      const target = Buffer.from(item.node.target, "latin1");
      if (item.layout === layout.inline) this.#metadata.put(after, target);
      else this.#data.put(item.start * erofsBlock, target);
    } else if (item.directory !== undefined && item.layout === layout.inline) {
      const { directory } = item;
      const room = this.#metadata.claim(after, directory.tail);
      directory.encodeBlock(directory.blockCount - 1, this.#metadata.buffer, room, (node) => node.place);
    }
  }

  #writeInode(item: Placed): void {
    const length = inodeSize + (item.xattrs?.length ?? 0);
    if (length <= 8192) {
      const room = this.#metadata.claim(item.at, length);
      this.#encodeInode(this.#metadata.buffer, room, item);
      return;
    }
    const bytes = Buffer.alloc(length);
    this.#encodeInode(bytes, 0, item);
    this.#metadata.put(item.at, bytes);
  }

  #encode(head: Buffer, at: number, item: Placed): void {
    this.#encodeInode(head, at, item);
    if (item.layout !== layout.inline) return;
    const { directory, xattrs } = item;
    const after = at + inodeSize + (xattrs?.length ?? 0);
    directory!.encodeBlock(directory!.blockCount - 1, head, after, (node) => node.place);
  }

  #encodeInode(buffer: Buffer, at: number, item: Placed): void {
    const { node, start, size, xattrs } = item;
    let links = node.links;
    if (node.children !== undefined) {
      links = 2;
      for (const child of node.children.values()) if (child.children !== undefined) links++;
    }
    const number = ++this.#inodes;
    encodeInode(buffer, at, node, { layout: item.layout, start, size, number, links, xattrs });
  }

  /** The inode of a file was written before the hard links to it arrived. */
  #patchLinks(shared: readonly LayerNode[]): void {
    const count = Buffer.alloc(4);
    for (const node of shared) {
      count.writeUInt32LE(node.links);
      writeSync(this.#fd, count, 0, 4, node.place * inodeSlot + linksAt);
    }
  }

  #xattrsOf(node: LayerNode): Buffer | undefined {
    const xattrs = encodeXattrs(node, this.#marks);
    if (xattrs !== undefined && xattrs.length > maxXattrBytes) {
      throw new LayerFault("the attributes of one file take more than 256 KiB");
    }
    return xattrs;
  }

  /** Whole blocks for so many bytes; gives the byte address. */
  #allocate(bytes: number): number {
    const at = this.#end;
    this.#end += Math.ceil(bytes / erofsBlock) * erofsBlock;
    if (this.#end > maxImageBytes)
      throw new LayerFault("it would unpack to more than 8 TiB", { limit: true });
    return at;
  }

  /** Room for an inode with `length` bytes, a tail that must lie in one block, and a chunk map behind. Byte address. */
  #place(length: number, tail: number, map: number): number {
    let at = fitTail(this.#metadataAt, length, tail);
    if (at + length + tail + map > this.#metadataEnd) {
      const run = Math.max(metadataRun, length + tail + map + erofsBlock);
      const isLast = this.#metadataEnd === this.#end;
      const start = this.#allocate(run);
      // A run that continues the last one wastes nothing between.
      if (!isLast) at = fitTail(start, length, tail);
      this.#metadataEnd = this.#end;
    }
    const end = at + length + tail + map;
    this.#metadataAt = Math.ceil(end / inodeSlot) * inodeSlot;
    return at;
  }
}

/** The first address from `from` on at which the tail behind an inode does not cross a block's border (the kernel refuses that). */
function fitTail(from: number, length: number, tail: number): number {
  if (tail === 0) return from;
  const begin = from + length;
  const within = begin % erofsBlock;
  if (within + tail <= erofsBlock) return from;
  const border = begin - within + erofsBlock;
  return Math.ceil((border - length) / inodeSlot) * inodeSlot;
}
