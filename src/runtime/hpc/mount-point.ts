import { fstatSync, mkdirSync, readlinkSync, writeFileSync } from "node:fs";
import { changeOwner, type OpenFile, openFlag, openInside, readOpenLink } from "#host";
import type { CoveredPaths } from "./covered-paths.ts";
import { hpcTargetRefused } from "./error.ts";

// Mount points that the image lacks are made in a folder that is laid over it, before that is done: then they need no right
// to write into the image, and the image stays as it is.

/** Where a path inside the image leads. All links were followed, none of them out of the image. */
interface Found {
  /** Without links, so that it names the same place in the folder laid over. */
  readonly path: string;
  readonly exists: boolean;
}

const maxLinks = 40;

/** The folder laid over the image. */
export class TopFolder {
  readonly #image: number;
  readonly #top: string;
  readonly #made = new Set<string>();
  readonly #isRoot: boolean;

  /** `image` is open, `top` the path of an empty folder of our own. `isRoot`: owners can be taken over from the image. */
  constructor(image: number, top: string, isRoot: boolean) {
    this.#image = image;
    this.#top = top;
    this.#isRoot = isRoot;
  }

  /** Nothing has been made. */
  get isEmpty(): boolean {
    return this.#made.size === 0;
  }

  /** Makes a mount point, unless the image has one. `below`: where something is mounted already, in which nothing is made. */
  provide(target: string, kind: "folder" | "file", below: CoveredPaths<true>): void {
    const isCovered = (path: string) => below.lastOver(path) === true;
    if (isCovered(target)) return;
    const found = locate(this.#image, target);
    if (found.exists || isCovered(found.path) || this.#made.has(found.path)) return;
    const parent = found.path.slice(0, found.path.lastIndexOf("/"));
    this.#makeFolders(parent);
    const path = `${this.#top}${found.path}`;
    if (kind === "folder") mkdirSync(path, { mode: 0o755 });
    else writeFileSync(path, "", { mode: 0o644, flag: "wx" });
    this.#made.add(found.path);
  }

  /** A folder that both have shows the mode and owner of the one on top: those of the image's are taken over. */
  #makeFolders(path: string): void {
    let done = "";
    for (const name of path.split("/").slice(1)) {
      done += `/${name}`;
      if (this.#made.has(done)) continue;
      const below = tryOpen(this.#image, done, openFlag.path | openFlag.directory);
      if (below === undefined) mkdirSync(`${this.#top}${done}`, { mode: 0o755 });
      else {
        using folder = below;
        const { mode, uid, gid } = fstatSync(folder.fd);
        mkdirSync(`${this.#top}${done}`, { mode: mode & 0o7777 });
        if (this.#isRoot) changeOwner(`${this.#top}${done}`, uid, gid);
      }
      this.#made.add(done);
    }
  }
}

/** Follows a path in an open folder as the kernel would with that folder as root, also where it ends in nothing. */
function locate(image: number, target: string): Found {
  const prefix = readlinkSync(`/proc/self/fd/${image}`);
  const inImage = (file: OpenFile) => readlinkSync(file.path).slice(prefix.length);
  const whole = tryOpen(image, target, openFlag.path);
  if (whole !== undefined) {
    using _open = whole;
    return { path: inImage(whole), exists: true };
  }
  let done = "";
  let rest = target.split("/").filter((name) => name !== "");
  for (let links = 0; rest.length > 0; ) {
    const [name = "", ...later] = rest;
    const next = tryOpen(image, `${done}/${name}`, openFlag.path);
    if (next !== undefined) {
      using _open = next;
      if (later.length > 0 && !fstatSync(next.fd).isDirectory())
        throw hpcTargetRefused(target, `"${done}/${name}" of the image is not a folder`);
      done = inImage(next);
      rest = later;
      continue;
    }
    const link = tryOpen(image, `${done}/${name}`, openFlag.path | openFlag.noFollow);
    if (link === undefined) return { path: [done, ...rest].join("/"), exists: false };
    using _link = link;
    // A link to what is not there: it is followed by hand, and what it leads to is made.
    if (++links > maxLinks) throw hpcTargetRefused(target, "its links lead in a circle");
    const text = readOpenLink(link.fd).toString();
    const joined = text.startsWith("/") ? text : `${done}/${text}`;
    rest = [...joined.split("/"), ...later].filter((part) => part !== "" && part !== ".");
    rest = withoutSteps(rest);
    done = "";
  }
  return { path: done, exists: true };
}

/** Steps upwards of a link that leads to nothing. By the letter: a link before one would have been followed before. */
function withoutSteps(names: readonly string[]): string[] {
  const result: string[] = [];
  for (const name of names) {
    if (name === "..") result.pop();
    else result.push(name);
  }
  return result;
}

/** Undefined when nothing is there. Throws for what is neither there nor absent (a circle of links, a file on the way). */
export function tryOpen(root: number, path: string, flags: number): OpenFile | undefined {
  try {
    return openInside(root, path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ENOTDIR") throw hpcTargetRefused(path, "the image has a file on the way to it");
    if (code === "ELOOP") throw hpcTargetRefused(path, "the image's links lead in a circle");
    throw error;
  }
}

/** Makes a folder, or an empty file, in a root of which the part below `path` is ours to write. Links stay inside. */
export function makeInside(root: number, path: string, kind: "folder" | "file"): void {
  const names = path.split("/").filter((name) => name !== "");
  let done = "";
  for (const [index, name] of names.entries()) {
    const parent = openInside(root, done === "" ? "/" : done, openFlag.path | openFlag.directory);
    using _open = parent;
    done += `/${name}`;
    if (tryOpen(root, done, openFlag.path | openFlag.noFollow) !== undefined) continue;
    if (kind === "file" && index === names.length - 1)
      writeFileSync(`${parent.path}/${name}`, "", { mode: 0o644, flag: "wx" });
    else mkdirSync(`${parent.path}/${name}`, { mode: 0o755 });
  }
}
