import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { type Lock, lockPatiently, writeAtomic } from "#host";
import { type Digest, type DigestAlgorithm, Digester, digestAlgorithm, digestHex, digestOf } from "#spec";
import { blobMissing, contentMismatch, storeWriteFault } from "./error.ts";
import type { Store } from "./store.ts";

// Content by digest. A blob file exists complete and verified, or not at all.

export function blobPath(store: Store, digest: Digest): string {
  return `${store.blobs}/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** The size of a stored blob in bytes, or undefined when the store does not hold it. */
export function blobSize(store: Store, digest: Digest): number | undefined {
  try {
    const info = statSync(blobPath(store, digest));
    return info.isFile() ? info.size : undefined;
  } catch {
    return undefined;
  }
}

export function hasBlob(store: Store, digest: Digest): boolean {
  return blobSize(store, digest) !== undefined;
}

/** Reads a small blob (a manifest, an index, a config). A link, a fifo or a device in the layout is refused. */
export function readBlob(store: Store, digest: Digest): Buffer {
  let fd: number;
  try {
    fd = openSync(blobPath(store, digest), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw blobMissing(digest);
    throw error;
  }
  try {
    if (!fstatSync(fd).isFile()) throw blobMissing(digest);
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Tells a full disk and a read-only store from our own mistakes. */
function writing<T>(store: Store, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw storeWriteFault(store.root, error);
  }
}

/** Stores a small document and gives its digest. */
export function writeBlob(store: Store, bytes: Uint8Array | string): Digest {
  const digest = digestOf(bytes);
  if (!hasBlob(store, digest)) writing(store, () => writeAtomic(blobPath(store, digest), bytes));
  return digest;
}

/**
 * A blob on its way into the store. Bytes land in a file that nobody else sees; commit() verifies digest and size and
 * makes it a blob. What a broken or killed download left is kept: `offset` tells how much, and the download goes on there.
 */
export interface Ingest extends Disposable {
  /** Bytes that are already there, hashed, and need not be fetched. */
  readonly offset: number;
  /** The file that holds the bytes so far. */
  readonly path: string;
  write(bytes: Uint8Array): void;
  /** Throws content-mismatch, and forgets the bytes, when they are not those of the digest. */
  commit(): void;
  /** Forgets the bytes so far and begins anew (a server that cannot continue a download). */
  restart(): void;
}

/**
 * Opens the ingest of one blob, or gives undefined when the blob is (or, by another process, has just become) complete.
 * `size` in bytes, or undefined when unknown. `waiting` is called when another process is fetching the same blob.
 */
export async function openIngest(
  store: Store,
  digest: Digest,
  size: number | undefined,
  waiting?: () => void,
): Promise<Ingest | undefined> {
  if (hasBlob(store, digest)) return undefined;
  const path = `${store.ingest}/${digestHex(digest)}`;
  const lock: Lock = await lockPatiently(`${path}.lock`, waiting);
  if (hasBlob(store, digest)) {
    lock[Symbol.dispose]();
    return undefined;
  }
  mkdirSync(store.ingest, { recursive: true, mode: 0o700 });
  return new FileIngest(store, digest, size, path, lock);
}

class FileIngest implements Ingest {
  readonly path: string;
  readonly #store: Store;
  readonly #digest: Digest;
  readonly #size: number | undefined;
  readonly #lock: Lock;
  #digester: Digester;
  #fd: number;
  #length: number;
  #offset: number;
  #open = true;

  constructor(store: Store, digest: Digest, size: number | undefined, path: string, lock: Lock) {
    this.#store = store;
    this.#digest = digest;
    this.#size = size;
    this.path = path;
    this.#lock = lock;
    this.#digester = new Digester(digestAlgorithm(digest));
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    this.#length = 0;
    this.#offset = this.#rehash();
    if (size !== undefined && this.#offset > size) this.restart();
  }

  get offset(): number {
    return this.#offset;
  }

  #rehash(): number {
    const chunk = Buffer.allocUnsafe(1 << 20);
    for (;;) {
      const count = readSync(this.#fd, chunk, 0, chunk.length, this.#length);
      if (count === 0) return this.#length;
      this.#digester.update(chunk.subarray(0, count));
      this.#length += count;
    }
  }

  write(bytes: Uint8Array): void {
    if (this.#size !== undefined && this.#length + bytes.length > this.#size) {
      this.#forget();
      throw contentMismatch(`the blob ${this.#digest}`, `${this.#size} bytes`, "more bytes");
    }
    writing(this.#store, () => {
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#length + done);
      }
    });
    this.#digester.update(bytes);
    this.#length += bytes.length;
  }

  commit(): void {
    const found = this.#digester.digest();
    const wrongSize = this.#size !== undefined && this.#length !== this.#size;
    if (found !== this.#digest || wrongSize) {
      this.#forget();
      if (wrongSize)
        throw contentMismatch(`the blob ${this.#digest}`, `${this.#size} bytes`, `${this.#length} bytes`);
      throw contentMismatch(`the blob ${this.#digest}`, this.#digest, found);
    }
    const target = blobPath(this.#store, this.#digest);
    mkdirSync(`${this.#store.blobs}/${digestAlgorithm(this.#digest)}`, { recursive: true });
    renameSync(this.path, target);
    this.#close();
  }

  restart(): void {
    closeSync(this.#fd);
    rmSync(this.path, { force: true });
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    this.#digester = new Digester(digestAlgorithm(this.#digest));
    this.#length = 0;
    this.#offset = 0;
  }

  #forget(): void {
    rmSync(this.path, { force: true });
    this.#close();
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
    // Removed while held: a process that waits on the removed file gets its lock, sees the blob, and leaves.
    rmSync(`${this.path}.lock`, { force: true });
    this.#lock[Symbol.dispose]();
  }

  /** Keeps the bytes for the next try. */
  [Symbol.dispose](): void {
    this.#close();
  }
}

/**
 * A blob whose digest is known only at its end: a member of an archive, a layer that is being made. Held by somebody
 * who has holdContent(); what a kill leaves is taken by the next collection.
 */
export class BlobWriter implements Disposable {
  readonly #store: Store;
  readonly #path: string;
  readonly #digester: Digester;
  readonly #algorithm: DigestAlgorithm;
  #fd: number | undefined;
  #size = 0;
  #digest: Digest | undefined;

  constructor(store: Store, algorithm: DigestAlgorithm = "sha256") {
    this.#store = store;
    this.#algorithm = algorithm;
    this.#digester = new Digester(algorithm);
    mkdirSync(store.ingest, { recursive: true, mode: 0o700 });
    writers++;
    this.#path = `${store.ingest}/load-${process.pid}-${writers}`;
    this.#fd = writing(store, () => openSync(this.#path, "wx", 0o644));
  }

  /** The file that holds the bytes until commit(). */
  get path(): string {
    return this.#path;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  write(bytes: Uint8Array): void {
    const fd = this.#fd;
    if (fd === undefined) throw new Error("the blob has been finished");
    writing(this.#store, () => {
      for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
    });
    this.#digester.update(bytes);
    this.#size += bytes.length;
  }

  /** Ends the bytes and gives their digest. */
  finish(): Digest {
    if (this.#digest !== undefined) return this.#digest;
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#digest = this.#digester.digest();
    return this.#digest;
  }

  /** Makes the bytes a blob of the store. */
  commit(): Digest {
    const digest = this.finish();
    mkdirSync(`${this.#store.blobs}/${this.#algorithm}`, { recursive: true });
    renameSync(this.#path, blobPath(this.#store, digest));
    return digest;
  }

  /** Forgets what was not committed. */
  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    rmSync(this.#path, { force: true });
  }
}

let writers = 0;
