import { constants, fstatSync, openSync } from "node:fs";
import { OpenFile, openFlag, openInside, openRoot, readOpenLink } from "#host";
import {
  copyChanged,
  copyFolderMissing,
  copyFolderToFile,
  copyNoFolder,
  copySourceMissing,
} from "./error.ts";
import { type TarEntry, TarReader } from "./layer/tar-read.ts";
import { tarEnd } from "./layer/tar-write.ts";
import { readTree, readTreeEntry, type TreeOptions } from "./layer/tree-read.ts";
import { TreeWriter } from "./layer/tree-write.ts";

// `docker cp`'s rules over two roots, of which one or both may be a container's file system that runs meanwhile.
// A path is resolved inside its root by the kernel, opened once, and used by its descriptor (see #host, inside.ts).
//
//     source             destination               result
//     file               not there                 becomes the file (its folder must be there; a slash at the end is refused)
//     file               file                      replaced
//     file               folder                    put into it under its own name
//     folder             not there                 becomes the folder
//     folder             file                      refused
//     folder             folder                    put into it under its own name; with `/.` at the end: its contents

/** A path in a root. The root of the host is "/". */
export interface CopyPlace {
  readonly root: string;
  /** Absolute, or relative to the root. As the person typed it: a "/" or "/." at the end has a meaning. */
  readonly path: string;
}

export interface CopyOptions {
  /** Keeps owners and extended attributes (`-a`); else all belongs to the caller. */
  readonly archive?: boolean;
  /** All belongs to these ids; extended attributes are kept. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** Copies what a link at the source points at (`-L`). */
  readonly followLink?: boolean;
  /** `own`: the caller's files on the way into a container. `foreign` (the default): see TreeWriteOptions. */
  readonly from?: "own" | "foreign";
  /** `archive`: the target itself gets the status that a tar stream has for "./". */
  readonly top?: "archive";
}

export interface Copied {
  /** Bytes of file content. */
  readonly bytes: number;
  /** Device nodes that were left out. */
  readonly skipped: readonly string[];
}

/** Copies a file or folder. */
export function copyTree(from: CopyPlace, to: CopyPlace, options: CopyOptions = {}): Copied {
  using source = openSource(from, options);
  using target = openTarget(to);
  let prefix: string;
  if (target.kind === "folder") {
    prefix = source.contentsOnly ? "" : source.name;
  } else {
    if (target.kind === "file" && source.isFolder) throw copyFolderToFile(from.path, to.path);
    if (target.kind === "missing" && !source.isFolder && endsInSlash(to.path))
      throw copyFolderMissing(to.path);
    if (!target.hasParent) throw copyFolderMissing(to.path);
    prefix = target.name;
  }
  if (prefix === "" && !source.isFolder) prefix = source.name;
  using writer = new TreeWriter(target.root, target.folder, treeWriteOptions(options));
  const counter = new Counter(writer);
  const reader = new TarReader(counter, { subject: from.path });
  try {
    for (const bytes of membersOf(source, prefix)) reader.push(bytes);
    reader.push(tarEnd());
    reader.finish();
    writer.finish();
  } catch (error) {
    throw writeFault(to.path, error);
  }
  return { bytes: counter.bytes, skipped: writer.skipped };
}

/** A file or folder as a tar stream (`vial cp CONTAINER:PATH -`); its own name stands first in every member. */
export function* copyOut(from: CopyPlace, options: CopyOptions = {}): Generator<Buffer, void> {
  using source = openSource(from, options);
  yield* membersOf(source, source.contentsOnly && source.name === "" ? "" : source.name);
  yield tarEnd();
}

/** Everything below a root as a tar stream (`vial export`). */
export function* exportTree(
  root: string,
  options: Partial<Pick<TreeOptions, "times" | "latest" | "mine" | "prefix">> = {},
): Generator<Buffer, void> {
  using top = new OpenFile(openRead(root));
  yield* readTree(top.fd, { prefix: "", isKept: notOverlay, ...options });
  yield tarEnd();
}

/** Unpacks a tar stream into a folder that is there (`vial cp - CONTAINER:PATH`). */
export async function copyIn(
  stream: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  to: CopyPlace,
  options: CopyOptions = {},
): Promise<Copied> {
  using target = openTarget(to);
  if (target.kind === "missing") throw copyFolderMissing(to.path);
  if (target.kind === "file") throw copyNoFolder(to.path);
  using writer = new TreeWriter(target.root, target.folder, treeWriteOptions(options));
  const counter = new Counter(writer);
  const reader = new TarReader(counter, { subject: "the tar stream" });
  try {
    for await (const bytes of stream) reader.push(bytes);
    reader.finish();
    writer.finish();
  } catch (error) {
    throw writeFault(to.path, error);
  }
  return { bytes: counter.bytes, skipped: writer.skipped };
}

export interface PathInfo {
  /** The last component. */
  readonly name: string;
  readonly size: number;
  /** st_mode: type and permissions. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtime: number;
  /** Where a link points; "" for all else. */
  readonly linkTarget: string;
}

/** What a path is, a link not followed, or undefined where nothing is. */
export function pathInfo(place: CopyPlace): PathInfo | undefined {
  using root = openRoot(place.root);
  const { parent, name } = splitPath(place.path);
  try {
    using file = openInside(
      root.fd,
      latin(`${parent}/${name}`),
      openFlag.path | (endsInSlash(place.path) ? 0 : openFlag.noFollow),
    );
    const info = fstatSync(file.fd);
    return {
      name: name === "" ? "/" : name,
      size: info.size,
      mode: info.mode,
      mtime: info.mtimeMs,
      linkTarget: info.isSymbolicLink() ? readOpenLink(file.fd).toString("latin1") : "",
    };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

interface Source extends Disposable {
  /** The folder itself, or the folder that holds the file. */
  readonly fd: number;
  /** The last component, binary; "" for the root. */
  readonly name: string;
  readonly entryName: Buffer;
  readonly isFolder: boolean;
  readonly contentsOnly: boolean;
}

function openSource(from: CopyPlace, options: CopyOptions): Source {
  using root = openRoot(from.root);
  let { parent, name } = splitPath(from.path);
  const wantsFolder = endsInSlash(from.path);
  const ownName = name;
  try {
    if (options.followLink === true && !wantsFolder) ({ parent, name } = followLinks(root.fd, parent, name));
    const path = name === "" ? "/" : `${parent}/${name}`;
    const flags = openFlag.path | (wantsFolder ? openFlag.directory : openFlag.noFollow);
    using found = openInside(root.fd, latin(path), flags);
    if (fstatSync(found.fd).isDirectory()) {
      const fd = openRead(`${found.path}/.`);
      return source(new OpenFile(fd), ownName, Buffer.alloc(0), true, isContents(from.path));
    }
    return source(
      openInside(root.fd, latin(parent === "" ? "/" : parent), openFlag.path | openFlag.directory),
      ownName,
      latin(name),
      false,
      false,
    );
  } catch (error) {
    if (isNotFolder(error)) throw copyNoFolder(from.path);
    if (isMissing(error)) throw copySourceMissing(from.path);
    throw error;
  }
}

function source(
  file: OpenFile,
  name: string,
  entryName: Buffer,
  isFolder: boolean,
  contentsOnly: boolean,
): Source {
  return {
    fd: file.fd,
    name,
    entryName,
    isFolder,
    contentsOnly: contentsOnly || name === "",
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

function membersOf(from: Source, prefix: string): Generator<Buffer, void> {
  const options: TreeOptions = { prefix, times: "nanoseconds", isKept: notOverlay };
  return from.isFolder ? readTree(from.fd, options) : readTreeEntry(from.fd, from.entryName, options);
}

interface Target extends Disposable {
  readonly root: number;
  readonly kind: "folder" | "file" | "missing";
  /** The folder that takes the members: the target itself, or the one that holds it. Binary, inside the root. */
  readonly folder: string;
  /** The last component where the target is no folder. */
  readonly name: string;
  readonly hasParent: boolean;
}

/** A link at the destination is followed, inside the root. */
function openTarget(to: CopyPlace): Target {
  const root = openRoot(to.root);
  const done = () => root[Symbol.dispose]();
  try {
    const split = splitPath(to.path);
    const { parent, name } = followLinks(root.fd, split.parent, split.name);
    const path = name === "" ? "/" : `${parent}/${name}`;
    const kind = kindInside(root.fd, path);
    if (kind === "folder")
      return { root: root.fd, kind, folder: path, name: "", hasParent: true, [Symbol.dispose]: done };
    if (kind === "file" && endsInSlash(to.path)) throw copyNoFolder(to.path);
    const folder = parent === "" ? "/" : parent;
    const hasParent = kindInside(root.fd, folder) === "folder";
    return { root: root.fd, kind, folder, name, hasParent, [Symbol.dispose]: done };
  } catch (error) {
    done();
    throw error;
  }
}

function kindInside(root: number, path: string): "folder" | "file" | "missing" {
  try {
    using found = openInside(root, latin(path), openFlag.path);
    return fstatSync(found.fd).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (isMissing(error) || isNotFolder(error)) return "missing";
    throw error;
  }
}

/**
 * Follows a link at the end of a path to the path it stands for. The path is only text: it is resolved inside the root
 * again when it is used, so a link that changes meanwhile leads at most to another place in the root.
 */
function followLinks(root: number, parent: string, name: string): { parent: string; name: string } {
  for (let hops = 0; name !== "" && hops < 40; hops++) {
    let link: string;
    try {
      using file = openInside(root, latin(`${parent}/${name}`), openFlag.path | openFlag.noFollow);
      if (!fstatSync(file.fd).isSymbolicLink()) break;
      link = readOpenLink(file.fd).toString("latin1");
    } catch (error) {
      if (isMissing(error) || isNotFolder(error)) break;
      throw error;
    }
    ({ parent, name } = splitBinary(link.startsWith("/") ? link : `${parent}/${link}`));
  }
  return { parent, name };
}

/** Text in UTF-8 to parent and last component, both binary. "." and doubled slashes mean nothing; ".." is the kernel's. */
function splitPath(path: string): { parent: string; name: string } {
  return splitBinary(Buffer.from(path).toString("latin1"));
}

function splitBinary(path: string): { parent: string; name: string } {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const last = parts.at(-1);
  // A path that ends in ".." has no name of its own; as Docker does, it is cleaned as text.
  if (last === "..") return splitBinary(cleanText(parts));
  const name = parts.pop() ?? "";
  return { parent: parts.length === 0 ? "" : `/${parts.join("/")}`, name };
}

function cleanText(parts: readonly string[]): string {
  const result: string[] = [];
  for (const part of parts) {
    if (part === "..") result.pop();
    else result.push(part);
  }
  return result.join("/");
}

function isContents(path: string): boolean {
  return path === "." || path.endsWith("/.");
}

function endsInSlash(path: string): boolean {
  return path.endsWith("/") || isContents(path);
}

function latin(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

function openRead(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
}

function notOverlay(xattr: string): boolean {
  return !/^(?:trusted|user)\.overlay\./.test(xattr);
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ELOOP";
}

/** Names that went, came or became something else between two steps: by an archive's own fault, or by a container's. */
function writeFault(path: string, error: unknown): unknown {
  const { code = "" } = error as NodeJS.ErrnoException;
  const isChange = ["ENOENT", "ENOTDIR", "ELOOP", "EEXIST", "EISDIR", "ENXIO", "ESTALE"].includes(code);
  return isChange ? copyChanged(path, error) : error;
}

function isNotFolder(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOTDIR";
}

function treeWriteOptions(options: CopyOptions) {
  return {
    owner: options.owner ?? (options.archive === true ? "archive" : "caller"),
    from: options.from ?? "foreign",
    top: options.top,
  } as const;
}

/** Passes a stream on, and counts the bytes of its files. */
class Counter {
  bytes = 0;
  readonly #writer: TreeWriter;

  constructor(writer: TreeWriter) {
    this.#writer = writer;
  }

  entry(entry: TarEntry): void {
    this.#writer.entry(entry);
  }

  data(bytes: Buffer, offset: number): void {
    this.bytes += bytes.length;
    this.#writer.data(bytes, offset);
  }

  end(): void {
    this.#writer.end();
  }
}
