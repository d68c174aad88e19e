import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { makeNode, setTimes, writeXattr } from "#host";
import { ImageFile } from "./image-file.ts";
import { fileType, LayerFault, type LayerNode } from "./tree.ts";
import type { LayerWriter, OverlayMarks } from "./writer.ts";

// Writes a layer as a folder, for those who cannot mount an image file. While the archive arrives, file bytes go to
// numbered files; at the end the tree is laid out in one walk, each name made once in a folder that was made a moment
// ago. So no name of the archive is ever looked up on the disk, and no link is ever followed.

export interface FolderOptions {
  readonly marks: OverlayMarks;
  /** `skip` leaves all files with this process's user: for a user who has no other ids. */
  readonly owners: "keep" | "skip";
  /** In a user namespace devices cannot be made, and some attributes cannot be set: these are left out. */
  readonly inUserNamespace: boolean;
}

/** Where the bytes wait, seen from the folder that becomes the layer. */
const waiting = "../data";
const maxTold = 50;
const large = 64 * 1024;

/** Works in the current folder, which is the empty layer, beside the empty folder `data`. */
export class FolderWriter implements LayerWriter {
  readonly leftOut: string[] = [];
  readonly #options: FolderOptions;
  readonly #firstPaths = new Map<LayerNode, Buffer>();
  readonly #data = new ImageFile(-1, 1 << 18);
  #count = 0;
  #fd = -1;
  #node: LayerNode | undefined;
  #hasHoles = false;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  beginFile(node: LayerNode, sparse: readonly number[] | undefined): void {
    node.place = this.#count++;
    this.#node = node;
    this.#hasHoles = sparse !== undefined || node.size >= large;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    this.#fd = openSync(`${waiting}/${node.place}`, flags, 0o600);
    this.#data.reopen(this.#fd);
  }

  data(bytes: Buffer, offset: number): void {
    this.#data.put(offset, bytes);
  }

  endFile(): void {
    const node = this.#node!;
    this.#data.flush();
    if (this.#hasHoles) ftruncateSync(this.#fd, node.size);
    closeSync(this.#fd);
    this.#fd = -1;
    this.#setMetadata(node, Buffer.from(`${waiting}/${node.place}`));
  }

  finish(root: LayerNode): void {
    this.#fill(root, "");
    this.#setMetadata(root, Buffer.from("."));
    // Bytes of files that a later entry replaced.
    for (const name of readdirSync(waiting)) unlinkSync(`${waiting}/${name}`);
    rmdirSync(waiting);
  }

  /** `prefix`: the folder's path with a slash at its end, "" for the root. */
  #fill(folder: LayerNode, prefix: string): void {
    for (const [name, node] of folder.children!) {
      const path = Buffer.from(prefix + name, "latin1");
      if (node.children !== undefined) {
        mkdirSync(path, 0o700);
        this.#fill(node, `${prefix}${name}/`);
        // Last, because a new name in the folder changes its time, and its mode may forbid new names.
        this.#setMetadata(node, path);
      } else {
        this.#makeName(node, path);
      }
    }
  }

  #makeName(node: LayerNode, path: Buffer): void {
    if (node.links > 1) {
      const first = this.#firstPaths.get(node);
      if (first !== undefined) {
        linkSync(first, path);
        return;
      }
      this.#firstPaths.set(node, path);
    }
    switch (node.type) {
      case fileType.file:
        renameSync(`${waiting}/${node.place}`, path);
        this.#setXattrs(node, path);
        return;
      case fileType.symlink:
        symlinkSync(Buffer.from(node.target, "latin1"), path);
        break;
      default:
        if (!this.#makeDevice(node, path)) {
          this.#firstPaths.delete(node);
          return;
        }
    }
    this.#setMetadata(node, path);
  }

  /** False when only the machine's root may make it, and we are not. */
  #makeDevice(node: LayerNode, path: Buffer): boolean {
    try {
      makeNode(path, node.type | 0o600, node.major, node.minor);
      return true;
    } catch (error) {
      const isDevice = node.type !== fileType.fifo && !node.isWhiteout;
      if (!isDevice || codeOf(error) !== "EPERM") throw error;
      this.#tell(`the device ${path.toString()} (only root can make devices)`);
      return false;
    }
  }

  #setMetadata(node: LayerNode, path: Buffer): void {
    const isLink = node.type === fileType.symlink;
    if (this.#options.owners === "keep") this.#setOwner(node, path, isLink);
    // After the owner: chown(2) takes setuid and capabilities away.
    if (!isLink) chmodSync(path, node.mode & 0o7777);
    // A file's attributes come with its name, so that what is left out can be told by name.
    if (node.type !== fileType.file) this.#setXattrs(node, path);
    if (node.opaque) writeXattr(path, `${this.#options.marks}.overlay.opaque`, Buffer.from("y"));
    setTimes(path, node.mtime, node.mtimeNanoseconds);
  }

  #setOwner(node: LayerNode, path: Buffer, isLink: boolean): void {
    try {
      if (isLink) lchownSync(path, node.uid, node.gid);
      else chownSync(path, node.uid, node.gid);
    } catch (error) {
      if (codeOf(error) !== "EINVAL") throw error;
      throw new LayerFault(
        `an owner is ${node.uid}:${node.gid}, which is beyond the ids that /etc/subuid and /etc/subgid give this user`,
      );
    }
  }

  #setXattrs(node: LayerNode, path: Buffer): void {
    if (node.xattrs === undefined) return;
    for (const [name, value] of node.xattrs) this.#setXattr(path, name, value);
  }

  #setXattr(path: Buffer, name: string, value: Buffer): void {
    try {
      writeXattr(path, name, value);
    } catch (error) {
      const code = codeOf(error);
      // A file system without attributes; a link or device, which takes no `user.*`; a user namespace, which may set
      // capabilities but neither `trusted.*` nor labels.
      const isRight = code === "EPERM" && !name.startsWith("user.") && !this.#options.inUserNamespace;
      if (isRight || (code !== "EPERM" && code !== "EOPNOTSUPP")) throw error;
      this.#tell(`the attribute ${name} of ${path.toString()} (${code})`);
    }
  }

  #tell(what: string): void {
    if (this.leftOut.length < maxTold) this.leftOut.push(what);
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
