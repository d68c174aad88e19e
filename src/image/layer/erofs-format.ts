import { fileType, type LayerNode } from "./tree.ts";
import type { OverlayMarks } from "./writer.ts";

// The erofs on-disk format, as far as an uncompressed image needs it (Linux, fs/erofs/erofs_fs.h). Little-endian.

export const erofsBlock = 4096;
/** An inode's number is its byte address divided by this. */
export const inodeSlot = 32;
export const superblockAt = 1024;
export const superblockSize = 128;
export const inodeSize = 64;
export const noBlock = 0xffff_ffff;

const magic = 0xe0f5_e1e2;
const COMPAT_CHECKSUM = 1;
const COMPAT_MTIME = 2;
const INCOMPAT_CHUNKED = 4;

export const layout = { plain: 0, inline: 2, chunks: 4 } as const;
export type Layout = (typeof layout)[keyof typeof layout];

export interface InodeShape {
  readonly layout: Layout;
  /** The first block of the data, the device number, or the chunk format. */
  readonly start: number;
  readonly size: number;
  readonly number: number;
  readonly links: number;
  readonly xattrs: Buffer | undefined;
}

/** Writes an extended inode and its attributes at `at`. */
export function encodeInode(buffer: Buffer, at: number, node: LayerNode, shape: InodeShape): void {
  const attributes = shape.xattrs?.length ?? 0;
  buffer.writeUInt16LE(1 | (shape.layout << 1), at);
  buffer.writeUInt16LE(attributes === 0 ? 0 : (attributes - 12) / 4 + 1, at + 2);
  buffer.writeUInt16LE(node.mode, at + 4);
  buffer.writeUInt16LE(0, at + 6);
  writeWide(buffer, shape.size, at + 8);
  buffer.writeUInt32LE(shape.start, at + 16);
  buffer.writeUInt32LE(shape.number, at + 20);
  buffer.writeUInt32LE(node.uid, at + 24);
  buffer.writeUInt32LE(node.gid, at + 28);
  writeWide(buffer, node.mtime, at + 32);
  buffer.writeUInt32LE(node.mtimeNanoseconds, at + 40);
  buffer.writeUInt32LE(shape.links, at + linksAt);
  buffer.fill(0, at + 48, at + inodeSize);
  shape.xattrs?.copy(buffer, at + inodeSize);
}

/** Where in an inode its link count stands. */
export const linksAt = 44;

/** 64 bits, two's complement. */
function writeWide(buffer: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeUInt32LE(value - high * 0x1_0000_0000, at);
  buffer.writeInt32LE(high, at + 4);
}

/** As new_encode_dev() of the kernel. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** Names of attributes begin with a number instead of the words; the longer ones stand for the whole name. */
const xattrPrefixes: readonly (readonly [prefix: string, index: number])[] = [
  ["user.", 1],
  ["system.posix_acl_access", 2],
  ["system.posix_acl_default", 3],
  ["trusted.", 4],
  ["security.", 6],
];

/** The attributes of a node as they follow its inode, with overlayfs's mark of an opaque folder; undefined for none. */
export function encodeXattrs(node: LayerNode, marks: OverlayMarks): Buffer | undefined {
  if (node.xattrs === undefined && !node.opaque) return undefined;
  const all = [...(node.xattrs ?? [])];
  if (node.opaque) all.push([`${marks}.overlay.opaque`, Buffer.from("y")]);
  // A name filter (none), the count of shared attributes (none), reserved bytes.
  const parts: Buffer[] = [Buffer.alloc(12)];
  for (const [name, value] of all) {
    const [prefix, index] = xattrPrefixes.find(([text]) => name.startsWith(text))!;
    const rest = name.slice(prefix.length);
    const length = 4 + rest.length + value.length;
    const part = Buffer.alloc(Math.ceil(length / 4) * 4);
    part.writeUInt8(rest.length, 0);
    part.writeUInt8(index, 1);
    part.writeUInt16LE(value.length, 2);
    part.write(rest, 4, "latin1");
    value.copy(part, 4 + rest.length);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The length of encodeXattrs() is a count of four bytes in 16 bits. */
export const maxXattrBytes = 12 + 65_534 * 4;

const entrySize = 12;

/** A folder's entries in blocks, in byte order, with "." and ".."; each block stands for itself. */
export class Directory {
  readonly #names: readonly string[];
  readonly #node: LayerNode;
  /** Index of the first name of each block. */
  readonly #blocks: number[] = [0];
  /** Bytes used of the last block. */
  readonly tail: number;

  constructor(node: LayerNode) {
    this.#node = node;
    // Binary strings sort by character as their bytes do.
    this.#names = [".", "..", ...node.children!.keys()].sort();
    let used = 0;
    for (let i = 0; i < this.#names.length; i++) {
      const length = entrySize + this.#names[i]!.length;
      if (used + length > erofsBlock) {
        this.#blocks.push(i);
        used = 0;
      }
      used += length;
    }
    this.tail = used;
  }

  get blockCount(): number {
    return this.#blocks.length;
  }

  get size(): number {
    return (this.#blocks.length - 1) * erofsBlock + this.tail;
  }

  /** Writes one block of entries at `at`. `numberOf` gives the inode number of a node. */
  encodeBlock(index: number, buffer: Buffer, at: number, numberOf: (node: LayerNode) => number): void {
    const from = this.#blocks[index]!;
    const to = this.#blocks[index + 1] ?? this.#names.length;
    let entry = at;
    let text = at + (to - from) * entrySize;
    for (let i = from; i < to; i++) {
      const name = this.#names[i]!;
      const node =
        name === "." ? this.#node : name === ".." ? this.#node.parent! : this.#node.children!.get(name)!;
      writeWide(buffer, numberOf(node), entry);
      buffer.writeUInt16LE(text - at, entry + 8);
      buffer.writeUInt8(entryType(node), entry + 10);
      buffer.writeUInt8(0, entry + 11);
      entry += entrySize;
      text += buffer.write(name, text, "latin1");
    }
  }
}

function entryType(node: LayerNode): number {
  switch (node.type) {
    case fileType.file:
      return 1;
    case fileType.directory:
      return 2;
    case fileType.characterDevice:
      return 3;
    case fileType.blockDevice:
      return 4;
    case fileType.fifo:
      return 5;
    default:
      return 7;
  }
}

export interface ImageShape {
  readonly rootNumber: number;
  readonly inodes: number;
  readonly blocks: number;
  readonly hasChunks: boolean;
}

/** Writes the superblock into the first block of an image, whose other bytes are there already (the checksum covers them). */
export function encodeSuperblock(first: Buffer, shape: ImageShape): void {
  const at = superblockAt;
  first.writeUInt32LE(magic, at);
  first.writeUInt32LE(COMPAT_CHECKSUM | COMPAT_MTIME, at + 8);
  first.writeUInt8(Math.log2(erofsBlock), at + 12);
  first.writeUInt16LE(shape.rootNumber, at + 14);
  writeWide(first, shape.inodes, at + 16);
  first.writeUInt32LE(shape.blocks, at + 36);
  first.writeUInt32LE(shape.hasChunks ? INCOMPAT_CHUNKED : 0, at + 80);
  first.writeUInt32LE(crc32c(first.subarray(at, erofsBlock)), at + 4);
}

/** CRC-32C without the final inversion, as the kernel's crc32c(). */
function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
  }
  return crc >>> 0;
}
