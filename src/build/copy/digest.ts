import { readSync } from "node:fs";
import { openInside, openRoot } from "#host";
import { readFlags, type SourceTree } from "./source-tree.ts";
import type { SelectedSource } from "./select.ts";
import type { SourceEntry } from "./walk.ts";

/**
 * A digest over what the sources of a COPY hold: names, kinds, modes, contents, and in a whole tree owners; no times. The
 * same content is the same digest, wherever it lies and whenever it was written.
 */
export function digestSources(tree: SourceTree, sources: readonly SelectedSource[]): string {
  const all = new Bun.CryptoHasher("sha256");
  using top = openRoot(tree.root);
  for (const source of sources) {
    all.update(`${JSON.stringify([source.name, source.parents])}\n`);
    for (const entry of source.entries) all.update(`${describe(tree, top.fd, entry)}\n`);
  }
  return all.digest("hex");
}

function describe(tree: SourceTree, root: number, entry: SourceEntry): string {
  const mode = Number(entry.info.mode) & 0o7777;
  const owner = tree.form === "whole" ? [Number(entry.info.uid), Number(entry.info.gid)] : [];
  const content =
    entry.kind === "file"
      ? fileDigest(tree, root, entry)
      : entry.kind === "link"
        ? entry.link
        : Number(entry.info.rdev);
  return JSON.stringify([entry.path, entry.kind, entry.kind === "link" ? 0 : mode, owner, content]);
}

function fileDigest(tree: SourceTree, root: number, entry: SourceEntry): string {
  const known = tree.digests?.find(entry.full, entry.info);
  if (known !== undefined) return known;
  const hasher = new Bun.CryptoHasher("sha256");
  using file = openInside(root, Buffer.from(entry.full, "latin1"), readFlags(tree));
  for (;;) {
    const count = readSync(file.fd, buffer(), 0, buffer().length, null);
    if (count === 0) break;
    hasher.update(buffer().subarray(0, count));
  }
  const digest = hasher.digest("hex");
  tree.digests?.put(entry.full, entry.info, digest);
  return digest;
}

let shared: Buffer | undefined;

/** One buffer for all: 20,000 small files would make 20,000 of them. */
function buffer(): Buffer {
  shared ??= Buffer.allocUnsafe(1 << 20);
  return shared;
}
