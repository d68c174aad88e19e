import {
  type BigIntStats,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
} from "node:fs";
import { belowFd, OpenFile, openFlag, openInside, openRoot } from "#host";
import type { IgnoreMatcher, IgnoreState } from "../dockerfile/ignore.ts";
import { copyTooDeep } from "../error.ts";
import type { SourceTree } from "./source-tree.ts";

// The files below a path, found on descriptors: each step is one name below an open folder and follows no link, so that a
// tree that changes meanwhile gives its own files and no others.

export type SourceKind = "file" | "folder" | "link" | "other";

/** A file, folder or link of a source tree. */
export interface SourceEntry {
  /** Relative to where the walk began; "" is that itself. One character per byte. */
  readonly path: string;
  /** Relative to the root of the tree. */
  readonly full: string;
  readonly kind: SourceKind;
  readonly info: BigIntStats;
  /** Where a link points, byte for byte. */
  readonly link?: string;
}

/** What a walk leaves out beside what the tree itself ignores. */
export interface WalkOptions {
  /** `--exclude`: against the path from where the walk began. */
  readonly exclude?: IgnoreMatcher;
}

/** What lies at and below `start` (inside the tree; links on the way are followed inside it), sorted by bytes. */
export function walkTree(tree: SourceTree, start: string, options: WalkOptions = {}): readonly SourceEntry[] {
  using top = openRoot(tree.root);
  using first = openInside(top.fd, start === "" ? "/" : Buffer.from(start, "latin1"), openFlag.path);
  const full = relativePath(tree.root, first);
  const info = fstatSync(first.fd, { bigint: true });
  const walk = new Walk(tree, options);
  const kind = kindOf(info);
  const entry: SourceEntry = { path: "", full, kind, info };
  if (kind !== "folder") return tree.ignore?.isIgnored(textOf(full)) === true ? [] : [entry];
  walk.folder(first, entry, full === "" ? undefined : tree.ignore?.stateOf(textOf(full)), undefined);
  return [entry, ...walk.entries];
}

/** The path of an open file below a root, one character per byte. */
function relativePath(root: string, file: OpenFile): string {
  const bytes = (path: string) => readlinkSync(path, { encoding: "buffer" }).toString("latin1");
  using top = openRoot(root);
  const [base, at] = [bytes(top.path), bytes(file.path)];
  return at === base ? "" : at.slice(base === "/" ? 1 : base.length + 1);
}

class Walk {
  readonly entries: SourceEntry[] = [];
  readonly #tree: SourceTree;
  readonly #options: WalkOptions;

  constructor(tree: SourceTree, options: WalkOptions) {
    this.#tree = tree;
    this.#options = options;
  }

  folder(
    folder: OpenFile,
    entry: SourceEntry,
    ignored: IgnoreState | undefined,
    excluded: IgnoreState | undefined,
  ): void {
    const names = readdirSync(`${folder.path}/.`, { encoding: "buffer" }).sort(Buffer.compare);
    for (const name of names) {
      const text = name.toString("latin1");
      const full = entry.full === "" ? text : `${entry.full}/${text}`;
      const path = entry.path === "" ? text : `${entry.path}/${text}`;
      const own = this.#tree.ignore?.step(textOf(full), ignored);
      const ownExclude = this.#options.exclude?.step(textOf(path), excluded);
      this.#entry(folder, name, { path, full }, own, ownExclude);
    }
  }

  #entry(
    folder: OpenFile,
    name: Buffer,
    names: { readonly path: string; readonly full: string },
    ignored: IgnoreState | undefined,
    excluded: IgnoreState | undefined,
  ): void {
    const at = belowFd(folder.fd, name);
    const followed = this.#tree.links === "follow";
    const info = followed
      ? statSync(at, { bigint: true, throwIfNoEntry: false })
      : lstatSync(at, { bigint: true, throwIfNoEntry: false });
    if (info === undefined) return;
    const kind = kindOf(info);
    const isOut = ignored?.ignored === true || excluded?.ignored === true;
    if (kind !== "folder") {
      if (isOut) return;
      const link = kind === "link" ? readlinkSync(at, { encoding: "buffer" }).toString("latin1") : undefined;
      this.entries.push({ ...names, kind, info, ...(link === undefined ? {} : { link }) });
      return;
    }
    if (ignored?.skippable === true || excluded?.skippable === true) return;
    const entry: SourceEntry = { ...names, kind, info };
    const before = this.entries.length;
    this.entries.push(entry);
    if (names.path.split("/").length > deepest) throw copyTooDeep(textOf(names.full));
    using below = followed
      ? new OpenFile(openSync(at, openFlag.path | openFlag.directory))
      : openInside(folder.fd, name, openFlag.path | openFlag.directory | openFlag.noFollow, {
          links: "refuse",
        });
    this.folder(below, entry, ignored, excluded);
    // An ignored folder is there for the sake of what is excepted below it, and only then.
    if (isOut && this.entries.length === before + 1) this.entries.pop();
  }
}

/** Links that lead in circles would otherwise never end. */
const deepest = 100;

function kindOf(info: BigIntStats): SourceKind {
  switch (Number(info.mode) & constants.S_IFMT) {
    case constants.S_IFREG:
      return "file";
    case constants.S_IFDIR:
      return "folder";
    case constants.S_IFLNK:
      return "link";
    default:
      return "other";
  }
}

/** A path of bytes as text, for patterns. */
export function textOf(path: string): string {
  return Buffer.from(path, "latin1").toString();
}
