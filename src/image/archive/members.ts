import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { type Digest, type DigestAlgorithm, Digester, digestAlgorithm, parseDigest } from "#spec";
import { BlobWriter, blobPath, blobSize } from "../content.ts";
import { archiveInvalid, contentMismatch } from "../error.ts";
import { type TarEntry, type TarHandler, TarReader } from "../layer/tar-read.ts";
import type { Store } from "../store.ts";
import type { ByteSource } from "./stream.ts";

// The members of an image archive, by name. Each goes to a file that nobody else sees, hashed on the way, because a
// stream cannot be read twice and what refers to a member may come after it. A name is only ever looked up here, never
// on the host's file system (CVE-2014-9356, CVE-2014-9358).

const maxMembers = 100_000;
const maxDocument = 4 * 1024 * 1024;

/** The bytes of one member, or of one blob that the store held already. */
export interface MemberFile {
  readonly digest: Digest;
  readonly size: number;
  /** A file that holds the bytes. */
  readonly path: string;
}

interface Received extends MemberFile {
  /** Undefined where the store had the blob. */
  readonly writer: BlobWriter | undefined;
}

/** Where image documents and layers come from while they are checked: an archive's members or a layout's folder. */
export interface MemberPlace extends Disposable {
  find(name: string): MemberFile | undefined;
  /** Makes a member a blob of the store. */
  commit(file: MemberFile): void;
}

export class ArchiveMembers implements TarHandler, MemberPlace {
  readonly #store: Store;
  readonly #subject: string;
  readonly #files = new Map<string, Received>();
  readonly #links = new Map<string, string>();
  #name: string | undefined;
  #writer: BlobWriter | undefined;
  #stored: { digest: Digest; digester: Digester } | undefined;
  #size = 0;

  private constructor(store: Store, subject: string) {
    this.#store = store;
    this.#subject = subject;
  }

  /** Reads a whole archive. `progress` gets the bytes of the archive so far. */
  static async read(
    store: Store,
    source: ByteSource,
    subject: string,
    progress?: (bytes: number) => void,
  ): Promise<ArchiveMembers> {
    const members = new ArchiveMembers(store, subject);
    try {
      const reader = new TarReader(members, {
        subject,
        refuse: (reason) => archiveInvalid(subject, reason),
      });
      let total = 0;
      for await (const bytes of source) {
        reader.push(bytes);
        total += bytes.length;
        progress?.(total);
      }
      reader.finish();
      return members;
    } catch (error) {
      members[Symbol.dispose]();
      throw error;
    }
  }

  find(name: string): MemberFile | undefined {
    let at = this.#cleanName(name);
    for (let hops = 0; hops < 8; hops++) {
      const file = this.#files.get(at);
      if (file !== undefined) return file;
      const target = this.#links.get(at);
      if (target === undefined) return undefined;
      at = target;
    }
    throw archiveInvalid(this.#subject, `its links lead in a circle from "${name}"`);
  }

  commit(file: MemberFile): void {
    const received = file as Received;
    if (received.writer === undefined || blobSize(this.#store, received.digest) === received.size) return;
    received.writer.commit();
  }

  entry(entry: TarEntry): void {
    this.#name = undefined;
    if (this.#files.size + this.#links.size >= maxMembers)
      throw archiveInvalid(this.#subject, `it has more than ${maxMembers} members`);
    const name = this.#cleanName(entry.name);
    switch (entry.type) {
      case "directory":
        return;
      case "file":
        this.#begin(name, entry.size);
        return;
      case "symlink":
        this.#addLink(
          name,
          entry.linkName.startsWith("/") ? entry.linkName : `${folderOf(name)}${entry.linkName}`,
        );
        return;
      case "hard-link":
        this.#addLink(name, entry.linkName);
        return;
      case "block-device":
      case "character-device":
      case "fifo":
        throw archiveInvalid(this.#subject, `its member "${name}" is a device or a pipe`);
      default:
        entry.type satisfies never;
    }
  }

  data(bytes: Buffer): void {
    this.#size += bytes.length;
    this.#writer?.write(bytes);
    this.#stored?.digester.update(bytes);
  }

  end(): void {
    const name = this.#name;
    if (name === undefined) return;
    const stored = this.#stored;
    const writer = this.#writer;
    const digest = writer?.finish() ?? stored?.digester.digest();
    this.#stored = undefined;
    this.#writer = undefined;
    if (digest === undefined) return;
    const promised = blobDigestOf(name);
    if (promised !== undefined && promised !== digest) {
      writer?.[Symbol.dispose]();
      throw contentMismatch(`the member "${name}"`, promised, digest);
    }
    this.#drop(name);
    this.#files.set(name, {
      digest,
      size: this.#size,
      path: writer?.path ?? blobPath(this.#store, digest),
      writer,
    });
  }

  [Symbol.dispose](): void {
    this.#writer?.[Symbol.dispose]();
    for (const name of this.#files.keys()) this.#drop(name);
  }

  #begin(name: string, size: number): void {
    const digest = blobDigestOf(name);
    const algorithm: DigestAlgorithm = digest === undefined ? "sha256" : digestAlgorithm(digest);
    this.#name = name;
    this.#size = 0;
    // What the store has is hashed all the same, but not written again.
    if (digest !== undefined && blobSize(this.#store, digest) === size)
      this.#stored = { digest, digester: new Digester(algorithm) };
    else this.#writer = new BlobWriter(this.#store, algorithm);
  }

  #addLink(name: string, target: string): void {
    if (target.startsWith("/"))
      throw archiveInvalid(
        this.#subject,
        `its member "${name}" is a link to "${target}", which is not in the archive`,
      );
    this.#drop(name);
    this.#links.set(name, this.#cleanLink(name, target));
  }

  /** Of two members with one name the last one counts, as in every tar. */
  #drop(name: string): void {
    this.#files.get(name)?.writer?.[Symbol.dispose]();
    this.#files.delete(name);
    this.#links.delete(name);
  }

  #cleanName(name: string): string {
    const parts = name.split("/").filter((part) => part !== "" && part !== ".");
    if (name.startsWith("/") || parts.includes("..") || name.includes("\0"))
      throw archiveInvalid(this.#subject, `the name ${JSON.stringify(name)} leaves the archive`);
    return parts.join("/");
  }

  #cleanLink(name: string, target: string): string {
    const parts: string[] = [];
    for (const part of target.split("/")) {
      if (part === "" || part === ".") continue;
      if (part !== "..") parts.push(part);
      else if (parts.pop() === undefined)
        throw archiveInvalid(
          this.#subject,
          `its member "${name}" is a link to "${target}", which is not in the archive`,
        );
    }
    return parts.join("/");
  }
}

/** A layout folder on disk: blobs are opened without following links, and only plain files count. */
export class LayoutMembers implements MemberPlace {
  readonly #store: Store;
  readonly #folder: string;
  readonly #subject: string;

  constructor(store: Store, folder: string, subject: string) {
    this.#store = store;
    this.#folder = folder;
    this.#subject = subject;
  }

  find(name: string): MemberFile | undefined {
    const path = `${this.#folder}/${name}`;
    const fd = this.#open(path, name);
    if (fd === undefined) return undefined;
    try {
      const promised = blobDigestOf(name);
      const digester = new Digester(promised === undefined ? "sha256" : digestAlgorithm(promised));
      const size = copyBytes(fd, (bytes) => digester.update(bytes));
      const digest = digester.digest();
      if (promised !== undefined && promised !== digest)
        throw contentMismatch(`the file "${name}"`, promised, digest);
      return { digest, size, path };
    } finally {
      closeSync(fd);
    }
  }

  commit(file: MemberFile): void {
    if (blobSize(this.#store, file.digest) === file.size) return;
    const fd = this.#open(file.path, file.path);
    if (fd === undefined) throw archiveInvalid(this.#subject, `the file "${file.path}" has vanished`);
    using writer = new BlobWriter(this.#store, digestAlgorithm(file.digest));
    try {
      copyBytes(fd, (bytes) => writer.write(bytes));
    } finally {
      closeSync(fd);
    }
    // It may have changed since it was checked.
    if (writer.finish() !== file.digest)
      throw contentMismatch(`the file "${file.path}"`, file.digest, writer.finish());
    writer.commit();
  }

  [Symbol.dispose](): void {}

  #open(path: string, name: string): number | undefined {
    let fd: number;
    try {
      fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      if (code === "ELOOP") throw archiveInvalid(this.#subject, `"${name}" is a link`);
      throw error;
    }
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    throw archiveInvalid(this.#subject, `"${name}" is not a plain file`);
  }
}

function copyBytes(fd: number, take: (bytes: Buffer) => void): number {
  const chunk = Buffer.allocUnsafe(1 << 20);
  for (let total = 0; ; ) {
    const count = readSync(fd, chunk, 0, chunk.length, total);
    if (count === 0) return total;
    take(chunk.subarray(0, count));
    total += count;
  }
}

/** A document of an archive: JSON, and never large. */
export function readMember(file: MemberFile, subject: string): Buffer {
  if (file.size > maxDocument) throw archiveInvalid(subject, `a document in it has ${file.size} bytes`);
  return readFileSync(file.path);
}

/** The digest that a member's name promises: `blobs/sha256/HEX`. A blob name that is none is refused. */
function blobDigestOf(name: string): Digest | undefined {
  const match = /^blobs\/([^/]+)\/([^/]+)$/.exec(name);
  return match === null ? undefined : parseDigest(`${match[1]}:${match[2]}`);
}

function folderOf(name: string): string {
  return name.slice(0, name.lastIndexOf("/") + 1);
}

/** A blob of a layout, from the archive or, where the archive leaves it out, from the store. */
export function findBlob(store: Store, place: MemberPlace, digest: Digest): MemberFile | undefined {
  const file = place.find(`blobs/${digest.replace(":", "/")}`);
  if (file !== undefined) return file;
  const size = blobSize(store, digest);
  if (size === undefined) return undefined;
  return { digest, size, path: blobPath(store, digest), writer: undefined } as MemberFile;
}
