import type { BigIntStats } from "node:fs";

// The words of FUSE between the kernel and a file system, as far as one that is only read needs them: little-endian
// structures of linux/fuse.h, version 7.31 (fuse(4)).

/** What a request asks for. Those that the kernel waits for before it can go on are metadata, but for the bytes of a file. */
export const opcode = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  READLINK: 5,
  OPEN: 14,
  READ: 15,
  STATFS: 17,
  RELEASE: 18,
  GETXATTR: 22,
  LISTXATTR: 23,
  FLUSH: 25,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  ACCESS: 34,
  INTERRUPT: 36,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;
export type RequestKind = keyof typeof opcode | "OTHER";

const kinds = new Map<number, RequestKind>(
  Object.entries(opcode).map(([name, number]) => [number, name as RequestKind]),
);

export interface Request {
  readonly kind: RequestKind;
  readonly unique: bigint;
  readonly node: bigint;
  /** What follows the header. */
  readonly body: Buffer;
}

const requestHeader = 40;
const answerHeader = 16;
export const rootNode = 1n;

export function parseRequest(bytes: Buffer): Request {
  return {
    kind: kinds.get(bytes.readUInt32LE(4)) ?? "OTHER",
    unique: bytes.readBigUInt64LE(8),
    node: bytes.readBigUInt64LE(16),
    body: bytes.subarray(requestHeader, bytes.readUInt32LE(0)),
  };
}

/** `error` as in errno(3), 0 for none. */
export function makeAnswer(unique: bigint, error: number, body: Uint8Array = new Uint8Array()): Buffer {
  const answer = Buffer.alloc(answerHeader + body.length);
  answer.writeUInt32LE(answer.length, 0);
  answer.writeInt32LE(-error, 4);
  answer.writeBigUInt64LE(unique, 8);
  answer.set(body, answerHeader);
  return answer;
}

export const mostWritten = 65_536;
/** Room for the largest request. */
export const requestBytes = mostWritten + 65_536;

/** Answers INIT: requests of a folder may come at once (PARALLEL_DIROPS), many wait together. */
export function makeInit(body: Buffer): Buffer {
  const [asyncRead, parallelFolders] = [1, 1 << 18];
  const answer = Buffer.alloc(64);
  answer.writeUInt32LE(7, 0);
  answer.writeUInt32LE(31, 4);
  answer.writeUInt32LE(body.readUInt32LE(8), 8);
  answer.writeUInt32LE((asyncRead | parallelFolders) & body.readUInt32LE(12), 12);
  answer.writeUInt16LE(256, 16);
  answer.writeUInt16LE(192, 18);
  answer.writeUInt32LE(mostWritten, 20);
  answer.writeUInt32LE(1, 24);
  return answer;
}

/** The attributes of a file (fuse_attr). */
function makeAttributes(info: BigIntStats): Buffer {
  const bytes = Buffer.alloc(88);
  for (const [index, value] of [info.ino, info.size, info.blocks].entries())
    bytes.writeBigUInt64LE(value, index * 8);
  const second = 1_000_000_000n;
  for (const [index, time] of [info.atimeNs, info.mtimeNs, info.ctimeNs].entries()) {
    bytes.writeBigUInt64LE(time / second, 24 + index * 8);
    bytes.writeUInt32LE(Number(time % second), 48 + index * 4);
  }
  for (const [index, value] of [info.mode, info.nlink, info.uid, info.gid, info.rdev, info.blksize].entries())
    bytes.writeUInt32LE(Number(BigInt.asUintN(32, value)), 60 + index * 4);
  return bytes;
}

/** How long the kernel may remember names and attributes; 0 asks each time. */
export function makeEntry(node: bigint, info: BigIntStats, seconds: number): Buffer {
  const head = Buffer.alloc(40);
  head.writeBigUInt64LE(node, 0);
  head.writeBigUInt64LE(BigInt(seconds), 16);
  head.writeBigUInt64LE(BigInt(seconds), 24);
  return Buffer.concat([head, makeAttributes(info)]);
}

export function makeAttributeAnswer(info: BigIntStats, seconds: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(seconds), 0);
  return Buffer.concat([head, makeAttributes(info)]);
}

/** A number that later requests name the open file or folder by. */
export function makeOpened(handle: bigint): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(handle, 0);
  return bytes;
}

export interface FolderEntry {
  readonly name: Buffer;
  readonly inode: bigint;
  /** DT_* of readdir(3). */
  readonly type: number;
}

/** As many entries from `from` on as fit into `room` bytes. An entry's offset is where the next one stands. */
export function makeFolderPage(entries: readonly FolderEntry[], from: number, room: number): Buffer {
  const parts: Buffer[] = [];
  let left = room;
  for (let index = from; index < entries.length; index++) {
    const { name, inode, type } = entries[index]!;
    const part = Buffer.alloc(Math.ceil((24 + name.length) / 8) * 8);
    if (part.length > left) break;
    part.writeBigUInt64LE(inode, 0);
    part.writeBigUInt64LE(BigInt(index + 1), 8);
    part.writeUInt32LE(name.length, 16);
    part.writeUInt32LE(type, 20);
    part.set(name, 24);
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}

export interface FreeBlocks {
  readonly blocks: bigint;
  readonly bfree: bigint;
  readonly bavail: bigint;
  readonly files: bigint;
  readonly ffree: bigint;
  readonly bsize: bigint;
}

export function makeStatfs({ blocks, bfree, bavail, files, ffree, bsize }: FreeBlocks): Buffer {
  const bytes = Buffer.alloc(80);
  for (const [index, value] of [blocks, bfree, bavail, files, ffree].entries())
    bytes.writeBigUInt64LE(value, index * 8);
  for (const [index, value] of [Number(bsize), 255, Number(bsize)].entries())
    bytes.writeUInt32LE(value, 40 + index * 4);
  return bytes;
}
