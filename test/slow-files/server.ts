import {
  type BigIntStats,
  closeSync,
  lstatSync,
  openSync,
  read,
  readdirSync,
  readlinkSync,
  readSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { readXattr, readXattrs } from "#host";
import {
  type FolderEntry,
  makeAnswer,
  makeAttributeAnswer,
  makeEntry,
  makeFolderPage,
  makeInit,
  makeOpened,
  makeStatfs,
  mostWritten,
  parseRequest,
  type Request,
  type RequestKind,
  requestBytes,
  rootNode,
} from "./protocol.ts";

// Answers the kernel's requests from the files below a folder, read-only. Requests for metadata wait first, each by itself:
// ten that come together wait as long as one, as at the server of a parallel file system that has many hands.

export interface SlowFilesWish {
  /** The folder that is shown. */
  readonly source: string;
  /** Of each request for metadata. */
  readonly milliseconds: number;
  /** How long the kernel may remember names and attributes. 0: it asks each time. */
  readonly rememberSeconds: number;
}

export type Counts = Partial<Record<RequestKind, number>>;

/** Not waited for: the bytes of files, and what no program waits for. */
const quick = new Set<RequestKind>([
  "READ",
  "INIT",
  "FORGET",
  "BATCH_FORGET",
  "INTERRUPT",
  "DESTROY",
  "RELEASE",
  "RELEASEDIR",
  "FLUSH",
]);

export function isMetadata(kind: RequestKind): boolean {
  return !quick.has(kind);
}

const errorNumber = { ENOENT: 2, EIO: 5, EROFS: 30, ERANGE: 34, ENOSYS: 38, ENODATA: 61 } as const;

/** An answer that is an error number. */
class Refusal extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`errno ${errno}`);
    this.errno = errno;
  }
}

interface Node {
  readonly path: Buffer;
  /** Times that the kernel was told of it and has not forgotten. */
  known: bigint;
}

export class SlowFilesServer {
  readonly #device: number;
  readonly #wish: SlowFilesWish;
  readonly #nodes = new Map<bigint, Node>();
  readonly #byPath = new Map<string, bigint>();
  readonly #files = new Map<bigint, number>();
  readonly #folders = new Map<bigint, readonly FolderEntry[]>();
  readonly #counts = new Map<RequestKind, number>();
  #next = 2n;

  /** `device` is an open /dev/fuse that has been mounted. */
  constructor(device: number, wish: SlowFilesWish) {
    this.#device = device;
    this.#wish = wish;
    this.#nodes.set(rootNode, { path: Buffer.from(wish.source), known: 1n });
  }

  counts(): Counts {
    return Object.fromEntries(this.#counts);
  }

  /** Serves until the file system is unmounted. */
  async serve(): Promise<void> {
    for (;;) {
      const bytes = Buffer.allocUnsafe(requestBytes);
      const length = await new Promise<number>((resolve, reject) =>
        read(this.#device, bytes, 0, bytes.length, null, (error, count) => {
          const { code } = (error ?? {}) as NodeJS.ErrnoException;
          if (error === null) resolve(count);
          else if (code === "ENODEV") resolve(0);
          // Interrupted: the request was taken back before it was read.
          else if (code === "EINTR" || code === "EAGAIN" || code === "ENOENT") resolve(-1);
          else reject(error);
        }),
      );
      if (length === 0) return;
      if (length > 0) this.#take(parseRequest(bytes.subarray(0, length)));
    }
  }

  #take(request: Request): void {
    const { kind } = request;
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (isMetadata(kind) && this.#wish.milliseconds > 0)
      setTimeout(() => this.#answer(request), this.#wish.milliseconds);
    else this.#answer(request);
  }

  #answer(request: Request): void {
    let answer: Buffer;
    try {
      const body = this.#carryOut(request);
      if (body === undefined) return;
      answer = makeAnswer(request.unique, 0, body);
    } catch (error) {
      const { errno } = error as { errno?: unknown };
      answer = makeAnswer(request.unique, typeof errno === "number" ? Math.abs(errno) : errorNumber.EIO);
    }
    try {
      writeSync(this.#device, answer);
    } catch (error) {
      // Whoever asked has been killed, or the file system is gone.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENODEV") throw error;
    }
  }

  /** The body of the answer; undefined for what has none. */
  #carryOut({ kind, node, body }: Request): Uint8Array | undefined {
    const { rememberSeconds } = this.#wish;
    switch (kind) {
      case "INIT":
        return makeInit(body);
      case "LOOKUP": {
        const path = Buffer.concat([this.#path(node), Buffer.from("/"), body.subarray(0, body.indexOf(0))]);
        const info = status(path);
        return makeEntry(this.#remember(path), info, rememberSeconds);
      }
      case "FORGET":
        this.#forget(node, body.readBigUInt64LE(0));
        return undefined;
      case "BATCH_FORGET":
        for (let index = 0; index < body.readUInt32LE(0); index++)
          this.#forget(body.readBigUInt64LE(8 + index * 16), body.readBigUInt64LE(16 + index * 16));
        return undefined;
      case "GETATTR":
        return makeAttributeAnswer(status(this.#path(node)), rememberSeconds);
      case "READLINK":
        return readlinkSync(this.#path(node), "buffer");
      case "OPEN": {
        const handle = this.#next++;
        this.#files.set(handle, openSync(this.#path(node), "r"));
        return makeOpened(handle);
      }
      case "READ": {
        const bytes = Buffer.alloc(Math.min(body.readUInt32LE(16), mostWritten * 16));
        const file = this.#files.get(body.readBigUInt64LE(0));
        if (file === undefined) throw new Refusal(errorNumber.EIO);
        return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, Number(body.readBigUInt64LE(8))));
      }
      case "RELEASE": {
        const handle = body.readBigUInt64LE(0);
        const file = this.#files.get(handle);
        if (file !== undefined) closeSync(file);
        this.#files.delete(handle);
        return new Uint8Array();
      }
      case "OPENDIR": {
        const handle = this.#next++;
        this.#folders.set(handle, list(this.#path(node)));
        return makeOpened(handle);
      }
      case "READDIR":
        return makeFolderPage(
          this.#folders.get(body.readBigUInt64LE(0)) ?? [],
          Number(body.readBigUInt64LE(8)),
          body.readUInt32LE(16),
        );
      case "RELEASEDIR":
        this.#folders.delete(body.readBigUInt64LE(0));
        return new Uint8Array();
      case "STATFS":
        return makeStatfs(statfsSync(this.#path(node), { bigint: true }));
      case "GETXATTR":
        return attributeAnswer(
          body,
          readXattr(this.#path(node), body.toString("latin1", 8, body.indexOf(0, 8))),
        );
      case "LISTXATTR": {
        const names = [...(readXattrs(this.#path(node))?.keys() ?? [])];
        return attributeAnswer(body, Buffer.from(names.map((name) => `${name}\0`).join(""), "latin1"));
      }
      case "ACCESS":
      case "DESTROY":
        return new Uint8Array();
      case "INTERRUPT":
      case "FLUSH":
        // The kernel does not ask again.
        throw new Refusal(errorNumber.ENOSYS);
      case "OTHER":
        throw new Refusal(errorNumber.ENOSYS);
      default:
        return kind satisfies never;
    }
  }

  #path(node: bigint): Buffer {
    const found = this.#nodes.get(node);
    if (found === undefined) throw new Refusal(errorNumber.ENOENT);
    return found.path;
  }

  #remember(path: Buffer): bigint {
    const key = path.toString("latin1");
    const number = this.#byPath.get(key) ?? this.#next++;
    const node = this.#nodes.get(number);
    if (node === undefined) {
      this.#nodes.set(number, { path, known: 1n });
      this.#byPath.set(key, number);
    } else node.known++;
    return number;
  }

  #forget(number: bigint, times: bigint): void {
    const node = this.#nodes.get(number);
    if (node === undefined || number === rootNode) return;
    node.known -= times;
    if (node.known > 0n) return;
    this.#nodes.delete(number);
    this.#byPath.delete(node.path.toString("latin1"));
  }
}

function status(path: Buffer): BigIntStats {
  return lstatSync(path, { bigint: true });
}

function list(folder: Buffer): readonly FolderEntry[] {
  return readdirSync(folder, { encoding: "buffer" }).map((name) => {
    const { ino, mode } = status(Buffer.concat([folder, Buffer.from("/"), Buffer.from(name)]));
    return { name: Buffer.from(name), inode: ino, type: Number(mode >> 12n) };
  });
}

/** Of a request with the size 0 the size of the value, else the value. */
function attributeAnswer(body: Buffer, value: Buffer | undefined): Uint8Array {
  if (value === undefined) throw new Refusal(errorNumber.ENODATA);
  const room = body.readUInt32LE(0);
  if (room === 0) {
    const size = Buffer.alloc(8);
    size.writeUInt32LE(value.length, 0);
    return size;
  }
  if (value.length > room) throw new Refusal(errorNumber.ERANGE);
  return value;
}
