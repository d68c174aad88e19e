import { constants, readSync } from "node:fs";
import { openInside } from "#host";
import { copyIn } from "#image";
import type { SourceRange } from "#spec";
import type { InlineFile } from "../dockerfile/instruction.ts";
import { copyManyToOne } from "../error.ts";
import { openArchive } from "./archive.ts";
import type { SelectedSource } from "./select.ts";
import type { SourceTree } from "./source-tree.ts";
import { openTree, type Ownership, RootWriter } from "./write.ts";

/** A COPY or ADD whose sources are found. */
export interface CopyWork {
  readonly tree: SourceTree;
  readonly sources: readonly SelectedSource[];
  /** Files whose content stands in the recipe. */
  readonly files: readonly InlineFile[];
  /** Absolute; a slash at the end means a folder. */
  readonly destination: string;
  readonly parents: boolean;
  /** A folder gives its contents (COPY), or goes as a whole (cp -r). */
  readonly folders?: "contents" | "whole";
  /** ADD: archives are unpacked into the destination. */
  readonly unpack: boolean;
  readonly ownership: Ownership;
  readonly where: SourceRange | undefined;
}

/** Does the copying, into a mounted root. A folder gives its contents, a file itself (Docker's rules for COPY). */
export async function performCopy(rootfs: string, work: CopyWork): Promise<void> {
  const { sources, files, where } = work;
  const destination = binary(work.destination);
  using writer = new RootWriter(rootfs, work.ownership, where);
  const count = sources.length + files.length;
  const toFolder = destination.endsWith("/") || writer.isFolder(destination) || work.parents;
  if (!toFolder && count > 1 && !sources.every((source) => source.isFolder))
    throw copyManyToOne(work.destination, where);
  using source = openTree(work.tree);
  for (const one of sources) {
    if (work.unpack && !one.isFolder && (await unpackInto(rootfs, writer, work, source, one))) continue;
    const target = targetOf(one, destination, toFolder, work);
    writer.makeFolders(parentOf(target));
    for (const entry of one.entries)
      writer.put(
        work.tree,
        source,
        entry,
        entry.path === "" ? target : `${target}/${entry.path}`,
        // The folder that takes the contents keeps its own metadata; those below get the source's.
        entry.path === "" && !work.parents,
      );
  }
  for (const file of files) {
    const target = toFolder || count > 1 ? `${withoutSlash(destination)}/${binary(file.name)}` : destination;
    writer.makeFolders(parentOf(target));
    writer.putText(file.content, target);
  }
  writer.finish();
}

function targetOf(
  one: SelectedSource,
  destination: string,
  toFolder: boolean,
  { parents, folders }: CopyWork,
): string {
  const base = withoutSlash(destination);
  if (parents) return [base, ...(one.parents === "" ? [] : [one.parents]), one.name].join("/");
  if (one.isFolder && folders !== "whole") return base === "" ? "/" : base;
  return toFolder ? `${base}/${one.name}` : base;
}

/** True when it was an archive. */
async function unpackInto(
  rootfs: string,
  writer: RootWriter,
  work: CopyWork,
  source: { readonly fd: number },
  one: SelectedSource,
): Promise<boolean> {
  const [entry] = one.entries;
  if (entry === undefined || entry.kind !== "file") return false;
  using file = openInside(
    source.fd,
    Buffer.from(entry.full, "latin1"),
    constants.O_RDONLY | constants.O_NONBLOCK,
  );
  const head = Buffer.alloc(512);
  const length = readSync(file.fd, head, 0, head.length, 0);
  const stream = await openArchive(file, head.subarray(0, length));
  if (stream === undefined) return false;
  writer.makeFolders(withoutSlash(binary(work.destination)));
  await copyIn(stream, { root: rootfs, path: work.destination }, { archive: true, from: "own" });
  return true;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

/** A text as one character per byte. */
function binary(text: string): string {
  return Buffer.from(text).toString("latin1");
}
