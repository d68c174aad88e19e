import { readdirSync } from "node:fs";
import { type OpenFile, openFlag, openInside, openRoot } from "#host";
import { nearest } from "#kit";
import type { SourceRange } from "#spec";
import { readIgnorePattern } from "../dockerfile/ignore-pattern.ts";
import { parseIgnoreFile } from "../dockerfile/ignore.ts";
import { copySourceMissing, copySourceOutside } from "../error.ts";
import type { SourceTree } from "./source-tree.ts";
import { type SourceEntry, textOf, walkTree } from "./walk.ts";

/** One source of a COPY: what lies at and below it. */
export interface SelectedSource {
  /** Its own name: the last component of the path as written; one character per byte, as in all paths here. */
  readonly name: string;
  /** The folders above it, for --parents. */
  readonly parents: string;
  /** The source itself first, then what lies below it. */
  readonly entries: readonly SourceEntry[];
  readonly isFolder: boolean;
}

export interface SelectOptions {
  readonly excludes: readonly string[];
  readonly parents: boolean;
}

/** Finds the sources of a COPY or ADD, with wild cards as Go's filepath.Match has them. */
export function selectSources(
  tree: SourceTree,
  sources: readonly string[],
  options: SelectOptions,
  where: SourceRange | undefined,
): readonly SelectedSource[] {
  const exclude =
    options.excludes.length === 0 ? undefined : parseIgnoreFile(options.excludes.join("\n"), "--exclude");
  return sources.flatMap((source) => {
    if (leadsOut(source)) throw copySourceOutside(source, tree.title, where);
    const found = hasWildCards(source) ? matches(tree, source) : [clean(binary(source))];
    const selected = found.flatMap((path) => {
      const one = selectOne(tree, path, pivotOf(source, path), exclude);
      return one === undefined ? [] : [one];
    });
    if (selected.length > 0) return selected;
    throw copySourceMissing(source, tree.title, near(tree, source), isIgnoredSource(tree, source), where);
  });
}

function selectOne(
  tree: SourceTree,
  path: string,
  pivot: number,
  exclude: ReturnType<typeof parseIgnoreFile> | undefined,
): SelectedSource | undefined {
  let entries: readonly SourceEntry[];
  try {
    entries = walkTree(tree, path, exclude === undefined ? {} : { exclude });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
  const [first] = entries;
  if (first === undefined) return undefined;
  const isFolder = first.kind === "folder";
  if (isFolder && path !== "" && entries.length === 1 && tree.ignore?.isIgnored(textOf(path)) === true)
    return undefined;
  const steps = path.split("/");
  return {
    name: steps.at(-1) ?? "",
    parents: steps.slice(pivot, -1).join("/"),
    entries,
    isFolder,
  };
}

/** `a/./b/c` with --parents keeps the folders behind the dot alone. */
function pivotOf(source: string, path: string): number {
  const at = source.indexOf("/./");
  if (at < 0) return 0;
  return Math.min(
    clean(source.slice(0, at))
      .split("/")
      .filter((step) => step !== "").length,
    path.split("/").length - 1,
  );
}

function clean(path: string): string {
  const steps: string[] = [];
  for (const step of path.split("/")) {
    if (step === "" || step === ".") continue;
    if (step === "..") steps.pop();
    else steps.push(step);
  }
  return steps.join("/");
}

function leadsOut(path: string): boolean {
  let depth = 0;
  for (const step of path.split("/")) {
    if (step === "..") depth--;
    else if (step !== "" && step !== ".") depth++;
    if (depth < 0) return true;
  }
  return false;
}

function hasWildCards(path: string): boolean {
  return /[*?[\\]/.test(path);
}

/** All paths that fit, component by component, sorted. */
function matches(tree: SourceTree, pattern: string): readonly string[] {
  using top = openRoot(tree.root);
  let paths = [""];
  for (const step of clean(pattern).split("/")) {
    // A name that is no UTF-8 is matched as text, and kept as it is.
    const reader = hasWildCards(step) ? readIgnorePattern(step.replaceAll("**", "*"), false) : undefined;
    if (typeof reader === "string") return [];
    paths = paths.flatMap((path) => {
      if (reader === undefined) return [join(path, binary(step))];
      return namesIn(top, path)
        .filter((name) => reader.matches(textOf(name)))
        .map((name) => join(path, name));
    });
  }
  return paths.toSorted();
}

function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function namesIn(top: OpenFile, path: string): readonly string[] {
  try {
    using folder = openInside(
      top.fd,
      path === "" ? "/" : Buffer.from(path, "latin1"),
      openFlag.path | openFlag.directory,
    );
    return readdirSync(`${folder.path}/.`, { encoding: "buffer" }).map((name) => name.toString("latin1"));
  } catch {
    return [];
  }
}

function near(tree: SourceTree, source: string): string | undefined {
  const path = clean(source);
  const slash = path.lastIndexOf("/");
  using top = openRoot(tree.root);
  const folder = slash < 0 ? "" : path.slice(0, slash);
  const name = nearest(path.slice(slash + 1), namesIn(top, binary(folder)).map(textOf));
  return name === undefined ? undefined : join(folder, name);
}

/** A text as one character per byte. */
function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}

function isIgnoredSource(tree: SourceTree, source: string): boolean {
  return tree.ignore?.isIgnored(clean(source)) === true;
}
