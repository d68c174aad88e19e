import { readSync } from "node:fs";
import { belowFd, openFlag, openInside, openRoot, readXattrs } from "#host";
import { LinkNumbers } from "./hard-link.ts";
import { readFlags, type SourceTree } from "./source-tree.ts";
import type { SelectedSource } from "./select.ts";
import type { SourceEntry } from "./walk.ts";

/**
 * A digest over what the sources of a COPY hold: names, kinds, modes, contents, and in a whole tree owners,
 * times, attributes and hard links as well, because they are copied; no times of a context. The
 * same content is the same digest, wherever it lies and whenever it was written.
 */
export function digestSources(tree: SourceTree, sources: readonly SelectedSource[]): string {
  const all = new Bun.CryptoHasher("sha256");
  const links = new LinkNumbers();
  using top = openRoot(tree.root);
  for (const source of sources) {
    all.update(`${JSON.stringify([source.name, source.parents])}\n`);
    for (const entry of source.entries) all.update(`${describe(tree, top.fd, entry, links)}\n`);
  }
  return all.digest("hex");
}

function describe(tree: SourceTree, root: number, entry: SourceEntry, links: LinkNumbers): string {
  const mode = Number(entry.info.mode) & 0o7777;
  const own = tree.form === "whole" ? metadataOf(root, entry) : [];
  const content =
    entry.kind === "file"
      ? fileDigest(tree, root, entry)
      : entry.kind === "link"
        ? entry.link
        : Number(entry.info.rdev);
  const link = links.of(tree, entry);
  const parts = [entry.path, entry.kind, entry.kind === "link" ? 0 : mode, own, content];
  return JSON.stringify(link === undefined ? parts : [...parts, link]);
}

function metadataOf(root: number, { full, info }: SourceEntry): readonly unknown[] {
  const slash = full.lastIndexOf("/");
  const bytes = (text: string) => Buffer.from(text, "latin1");
  using folder = openInside(
    root,
    slash < 0 ? "/" : bytes(full.slice(0, slash)),
    openFlag.path | openFlag.directory,
  );
  const name = full.slice(slash + 1);
  const attributes = name === "" ? [] : [...(readXattrs(belowFd(folder.fd, bytes(name))) ?? [])];
  const time = (info.mtimeNs / 1_000_000_000n).toString();
  return [
    Number(info.uid),
    Number(info.gid),
    time,
    attributes.map(([key, value]) => [key, Buffer.from(value).toString("hex")]).sort(),
  ];
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
