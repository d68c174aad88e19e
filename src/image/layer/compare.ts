import type { ByteSource } from "../archive/stream.ts";
import { type TarEntry, TarReader } from "./tar-read.ts";

// How two uncompressed layers differ, path by path. Bounded memory: of each member its metadata and a digest are held,
// and of the files that differ as many bytes as are asked for.

/** What is not the same at a path. `only-first` and `only-second`: the other layer has no such path. */
export type DifferenceKind =
  | "only-first"
  | "only-second"
  | "type"
  | "content"
  | "mode"
  | "owner"
  | "time"
  | "link"
  | "attributes"
  | "order";

export interface LayerDifference {
  /** As in the archive, without a slash in front, as UTF-8. "" for differences of the archive itself. */
  readonly path: string;
  readonly kind: DifferenceKind;
  /** Of a "content": the beginnings of both files. */
  readonly first?: Buffer;
  readonly second?: Buffer;
  /** Of all but a "content": what each says, as text. */
  readonly says?: readonly [first: string, second: string];
}

interface Member {
  readonly entry: TarEntry;
  readonly digest: string;
}

type OpenLayer = () => ByteSource;

const maxKept = 64;

/**
 * Compares two layers and gives their differences in the order of the paths. Of files whose content differs up to
 * `keptBytes` from the beginning come along, for the first 64 of them.
 */
export async function compareLayers(
  first: OpenLayer,
  second: OpenLayer,
  keptBytes: number,
): Promise<readonly LayerDifference[]> {
  const [one, two] = [await readMembers(first()), await readMembers(second())];
  const found: LayerDifference[] = [];
  const contents = new Set<string>();
  for (const path of [...new Set([...one.keys(), ...two.keys()])].toSorted()) {
    const [a, b] = [one.get(path), two.get(path)];
    const shown = Buffer.from(path, "latin1").toString();
    if (a === undefined || b === undefined) {
      found.push({ path: shown, kind: a === undefined ? "only-second" : "only-first" });
      continue;
    }
    for (const [kind, says] of entryDifferences(a.entry, b.entry)) found.push({ path: shown, kind, says });
    if (a.entry.type === b.entry.type && a.digest !== b.digest) {
      found.push({ path: shown, kind: "content" });
      if (contents.size < maxKept) contents.add(path);
    }
  }
  if (found.length === 0)
    // The same members, and still other bytes.
    return [{ path: "", kind: "order", says: [[...one.keys()].join("\n"), [...two.keys()].join("\n")] }];
  if (contents.size === 0) return found;
  const [kept, others] = [
    await readContents(first(), contents, keptBytes),
    await readContents(second(), contents, keptBytes),
  ];
  return found.map((difference) => {
    const path = Buffer.from(difference.path).toString("latin1");
    const [a, b] = [kept.get(path), others.get(path)];
    return difference.kind !== "content" || a === undefined || b === undefined
      ? difference
      : { ...difference, first: a, second: b };
  });
}

function entryDifferences(a: TarEntry, b: TarEntry): readonly [DifferenceKind, readonly [string, string]][] {
  const parts: readonly [DifferenceKind, (entry: TarEntry) => string][] = [
    ["type", (entry) => `${entry.type} ${entry.deviceMajor}:${entry.deviceMinor}`],
    ["mode", (entry) => entry.mode.toString(8)],
    ["owner", (entry) => `${entry.uid}:${entry.gid}`],
    ["time", (entry) => new Date(entry.mtime * 1000 + entry.mtimeNanoseconds / 1e6).toISOString()],
    ["link", (entry) => entry.linkName],
    ["attributes", (entry) => attributesOf(entry)],
  ];
  return parts.flatMap(([kind, read]): [DifferenceKind, [string, string]][] =>
    read(a) === read(b) ? [] : [[kind, [read(a), read(b)]]],
  );
}

function attributesOf(entry: TarEntry): string {
  const all = [...(entry.xattrs ?? [])].map(([name, value]) => `${name}=${value.toString("hex")}`);
  return all.toSorted().join(" ");
}

async function readMembers(layer: ByteSource): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  let current: TarEntry | undefined;
  let hasher = new Bun.CryptoHasher("sha256");
  await readAll(layer, {
    entry(entry) {
      current = entry;
      // Where the holes are is a part of the bytes that have to be the same.
      hasher = new Bun.CryptoHasher("sha256").update(`${entry.size} ${entry.sparse?.join(",") ?? ""} `);
    },
    data(bytes) {
      hasher.update(bytes);
    },
    end() {
      members.set(pathOf(current!), { entry: current!, digest: hasher.digest("hex") });
    },
  });
  return members;
}

async function readContents(
  layer: ByteSource,
  paths: ReadonlySet<string>,
  limit: number,
): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  let current: Buffer | undefined;
  await readAll(layer, {
    entry(entry) {
      const path = pathOf(entry);
      current = paths.has(path) ? Buffer.alloc(Math.min(entry.size, limit)) : undefined;
      if (current !== undefined) contents.set(path, current);
    },
    data(bytes, offset) {
      if (current !== undefined && offset < current.length) bytes.copy(current, offset);
    },
    end() {},
  });
  return contents;
}

async function readAll(
  layer: ByteSource,
  handler: ConstructorParameters<typeof TarReader>[0],
): Promise<void> {
  // Both are compared as they are: whether their blobs are whole, their digests say.
  const reader = new TarReader(handler, { subject: "the layer", missingEnd: "accept" });
  let isEmpty = true;
  for await (const bytes of layer) {
    isEmpty = false;
    reader.push(bytes);
  }
  // No bytes at all: a step that changed nothing.
  if (!isEmpty) reader.finish();
}

/** "./" in front and "/" behind are manners of the program that packed. */
function pathOf(entry: TarEntry): string {
  return entry.name.replace(/^(?:\.?\/)+/, "").replace(/\/+$/, "");
}
