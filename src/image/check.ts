import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import { type Lock, lockExclusive, setAside, sweepTrash, writeDurable } from "#host";
import {
  type Descriptor,
  type Digest,
  Digester,
  digestAlgorithm,
  digestHex,
  isDigest,
  isIndexType,
  isManifestType,
  mediaType,
  ociLayoutFile,
  parseImageConfig,
  parseIndex,
  parseManifest,
  reasonOf,
} from "#spec";
import { hasBlob, readBlob } from "./content.ts";
import { storeBusy } from "./error.ts";
import { manifestsOf, readDocument } from "./find.ts";
import { liveContent } from "./gc.ts";
import { layerPlace } from "./layer/place.ts";
import { holdContent, takeContent } from "./lease.ts";
import { type Ref, readRefs } from "./refs.ts";
import type { Store } from "./store.ts";

export interface Finding {
  /** `error`: an image is lost or lies. `warning`: something that does not belong. `note`: harmless leftovers. */
  readonly severity: "error" | "warning" | "note";
  readonly what: string;
  /** What `repair` did about it. */
  readonly done?: string;
}

export interface CheckResult {
  readonly findings: readonly Finding[];
  /** True when there is no error and no warning. */
  readonly clean: boolean;
  readonly images: number;
  readonly blobs: number;
  readonly bytes: number;
}

export interface CheckOptions {
  /** Sets damaged blobs and layers aside, takes away names that lead to nothing, and writes lost tables anew. */
  readonly repair?: boolean;
  /** Milliseconds that a repair waits for pulls and starts to end; 5000 by default. */
  readonly patience?: number;
  /** Bytes hashed so far. */
  readonly progress?: (bytes: number) => void;
}

/** Verifies the whole store; reads every blob. Throws store-busy when it shall repair while somebody adds content. */
export function checkStore(store: Store, options: CheckOptions = {}): CheckResult {
  using lock = options.repair === true ? takeContent(store, options.patience ?? 5000) : holdToRead(store);
  if (lock === undefined && options.repair === true) throw storeBusy(store.root);
  const check = new Check(store, options);
  check.layoutFile();
  check.blobs();
  const refs = check.table();
  check.images(refs);
  check.layers(refs);
  check.leftovers(refs);
  if (options.repair === true) sweepTrash(store.trash);
  return check.result();
}

/** On a read-only file system nobody can take content away, and the lock cannot be had. */
function holdToRead(store: Store): Lock | undefined {
  try {
    return holdContent(store);
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === "EROFS") return undefined;
    throw error;
  }
}

class Check {
  readonly #store: Store;
  readonly #options: CheckOptions;
  readonly #findings: Finding[] = [];
  readonly #sizes = new Map<string, number>();
  #images = 0;
  #bytes = 0;

  constructor(store: Store, options: CheckOptions) {
    this.#store = store;
    this.#options = options;
  }

  result(): CheckResult {
    const isClean = this.#findings.every(
      (finding) => finding.severity === "note" || finding.done !== undefined,
    );
    return {
      findings: this.#findings,
      clean: isClean,
      images: this.#images,
      blobs: this.#sizes.size,
      bytes: this.#bytes,
    };
  }

  layoutFile(): void {
    const path = `${this.#store.layout}/oci-layout`;
    try {
      const json = JSON.parse(readFileSync(path, "utf8")) as { imageLayoutVersion?: unknown } | null;
      if (json?.imageLayoutVersion === "1.0.0") return;
      this.#add("error", `"${path}" names no layout version that is known`, "written anew", () =>
        writeDurable(path, ociLayoutFile),
      );
    } catch (error) {
      this.#add("error", `"${path}" cannot be read: ${reasonOf(error)}`, "written anew", () =>
        writeDurable(path, ociLayoutFile),
      );
    }
  }

  /** Every blob has the bytes that its name says. */
  blobs(): void {
    for (const folder of entriesOf(this.#store.blobs)) {
      const path = `${this.#store.blobs}/${folder.name}`;
      if (!folder.isDirectory()) {
        this.#add("warning", `"${path}" is no folder of blobs`, "set aside", () => this.#setAside(path));
        continue;
      }
      for (const entry of entriesOf(path))
        this.#blob(`${path}/${entry.name}`, `${folder.name}:${entry.name}`, entry);
    }
  }

  #blob(path: string, name: string, entry: Dirent): void {
    const setAsideIt = () => this.#setAside(path);
    if (/\.tmp-\d+-\d+$/.test(entry.name)) {
      this.#add("note", `"${path}" is half a document of a command that was killed`, "set aside", setAsideIt);
      return;
    }
    if (!entry.isFile() || !isDigest(name)) {
      this.#add("warning", `"${path}" is no blob`, "set aside", setAsideIt);
      return;
    }
    const digest = name as Digest;
    const { found, size } = this.#hash(path, digest);
    if (found === digest) {
      this.#sizes.set(digest, size);
      return;
    }
    const why = size === 0 ? "it is empty" : `its ${size} bytes have the digest ${found}`;
    this.#add("error", `the blob ${digest} is damaged: ${why}`, "set aside", setAsideIt);
  }

  #hash(path: string, digest: Digest): { found: Digest; size: number } {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const digester = new Digester(digestAlgorithm(digest));
      const chunk = Buffer.allocUnsafe(1 << 20);
      for (let size = 0; ; ) {
        const count = readSync(fd, chunk, 0, chunk.length, size);
        if (count === 0) return { found: digester.digest(), size };
        digester.update(chunk.subarray(0, count));
        size += count;
        this.#bytes += count;
        this.#options.progress?.(this.#bytes);
      }
    } finally {
      closeSync(fd);
    }
  }

  table(): readonly Ref[] {
    const path = `${this.#store.layout}/index.json`;
    let refs: readonly Ref[];
    try {
      refs = readRefs(this.#store);
    } catch (error) {
      this.#add("error", reasonOf(error), "written anew; the images in it lost their names", () => {
        this.#setAside(path);
        writeDurable(
          path,
          JSON.stringify({
            schemaVersion: 2,
            mediaType: mediaType.ociIndex,
            manifests: this.#lostManifests(),
          }),
        );
      });
      return this.#options.repair === true ? readRefs(this.#store) : [];
    }
    const names = new Set<string>();
    for (const { name } of refs) {
      if (name !== undefined && names.has(name))
        this.#add("error", `the name "${name}" stands twice in "${path}"`);
      if (name !== undefined) names.add(name);
    }
    return refs;
  }

  /** Manifests among the blobs, for a table that is gone. */
  #lostManifests(): readonly Descriptor[] {
    const found: Descriptor[] = [];
    for (const [digest, size] of this.#sizes) {
      if (size > 1 << 20) continue;
      try {
        const bytes = readBlob(this.#store, digest as Digest);
        const manifest = parseManifest(bytes);
        if (!hasBlob(this.#store, manifest.config.digest)) continue;
        found.push({
          mediaType: manifest.mediaType ?? mediaType.ociManifest,
          digest: digest as Digest,
          size,
        });
      } catch {
        // No manifest: a config, an index or a layer.
      }
    }
    return found;
  }

  images(refs: readonly Ref[]): void {
    const lost: Ref[] = [];
    for (const ref of refs) {
      const faults = this.#documentFaults(ref);
      if (faults.length === 0) this.#images++;
      else lost.push(ref);
      for (const fault of faults)
        this.#add(
          "error",
          `the image "${ref.name ?? ref.descriptor.digest}": ${fault}`,
          "its name was taken away",
          () => {},
        );
    }
    if (this.#options.repair !== true || lost.length === 0) return;
    this.#rewrite(refs.filter((ref) => !lost.includes(ref)));
  }

  #documentFaults(ref: Ref): readonly string[] {
    const { descriptor } = ref;
    if (!isIndexType(descriptor.mediaType)) return this.#manifestFaults(ref, descriptor);
    try {
      parseIndex(readDocument(this.#store, descriptor));
      const manifests = manifestsOf(this.#store, descriptor);
      if (manifests.length === 0) return ["none of the images in its index is here"];
      return manifests.flatMap((entry) => this.#manifestFaults(ref, entry));
    } catch (error) {
      return [reasonOf(error)];
    }
  }

  #manifestFaults(ref: Ref, descriptor: Descriptor): readonly string[] {
    if (!isManifestType(descriptor.mediaType))
      return [`${JSON.stringify(descriptor.mediaType)} is no type of an image`];
    try {
      const manifest = parseManifest(readDocument(this.#store, descriptor));
      const config = parseImageConfig(readDocument(this.#store, manifest.config));
      const diffIds = config.rootfs.diff_ids ?? [];
      if (diffIds.length !== manifest.layers.length)
        return [`its config names ${diffIds.length} layers, its manifest ${manifest.layers.length}`];
      for (const [place, layer] of manifest.layers.entries()) this.#layerBlob(ref, layer, diffIds[place]!);
      return [];
    } catch (error) {
      return [reasonOf(error)];
    }
  }

  /** A layer whose blob is gone cannot be pushed or unpacked again; unpacked, it still runs. */
  #layerBlob(ref: Ref, layer: Descriptor, diffId: Digest): void {
    const size = this.#sizes.get(layer.digest);
    const image = ref.name ?? ref.descriptor.digest;
    if (size === layer.size) return;
    if (size !== undefined) {
      this.#add(
        "error",
        `the image "${image}": the layer ${layer.digest} has ${size} bytes, wanted ${layer.size}`,
      );
      return;
    }
    const place = this.#hasLayer(diffId)
      ? "it is there unpacked, so it runs, and cannot be pushed"
      : "pull the image again";
    this.#add("error", `the image "${image}": the layer ${layer.digest} is missing; ${place}`);
  }

  #hasLayer(diffId: Digest): boolean {
    return layerPlace(this.#store, diffId) !== undefined;
  }

  layers(refs: readonly Ref[]): void {
    const live = liveContent(this.#store, refs);
    let unused = 0;
    for (const entry of entriesOf(this.#store.layers)) {
      const path = `${this.#store.layers}/${entry.name}`;
      const match = /^([0-9a-f]{64}|[0-9a-f]{128})(\.erofs)?$/.exec(entry.name);
      if (match === null) {
        this.#add("note", `"${path}" is left over from unpacking`, "set aside", () => this.#setAside(path));
        continue;
      }
      if (!live.layers.has(match[1]!)) unused++;
      const fault = match[2] === undefined ? folderFault(path) : erofsFault(path);
      if (fault !== undefined)
        this.#add(
          "error",
          `the unpacked layer "${path}" ${fault}`,
          "set aside; it is unpacked again when needed",
          () => this.#setAside(path),
        );
    }
    if (unused > 0)
      this.#add("note", `${unused} unpacked layers belong to no image: \`vial image prune\` frees them`);
  }

  leftovers(refs: readonly Ref[]): void {
    const live = liveContent(this.#store, refs);
    const unused = [...this.#sizes].filter(([digest]) => !live.blobs.has(digestHex(digest as Digest)));
    if (unused.length > 0) {
      const bytes = unused.reduce((sum, [, size]) => sum + size, 0);
      this.#add(
        "note",
        `${unused.length} blobs (${bytes} bytes) belong to no image: \`vial image prune\` frees them`,
      );
    }
    const half = entriesOf(this.#store.ingest).filter((entry) => !entry.name.endsWith(".lock")).length;
    if (half > 0)
      this.#add("note", `${half} downloads or loads were broken off; a pull goes on where it stopped`);
    const trash = entriesOf(this.#store.trash).length;
    if (trash > 0)
      this.#add("note", `${trash} removed ${trash === 1 ? "thing is" : "things are"} still being deleted`);
  }

  #rewrite(refs: readonly Ref[]): void {
    using _lock = lockExclusive(`${this.#store.locks}/refs`);
    const path = `${this.#store.layout}/index.json`;
    const document = JSON.parse(readFileSync(path, "utf8")) as object;
    writeDurable(path, JSON.stringify({ ...document, manifests: refs.map((ref) => ref.descriptor) }));
  }

  #setAside(path: string): void {
    setAside(this.#store.trash, path);
  }

  #add(severity: Finding["severity"], what: string, done?: string, repair?: () => void): void {
    if (this.#options.repair !== true || repair === undefined || done === undefined) {
      this.#findings.push({ severity, what });
      return;
    }
    repair();
    this.#findings.push({ severity, what, done });
  }
}

/** A folder gets its name when it is complete, with the tree in `fs`. */
function folderFault(path: string): string | undefined {
  return statSync(`${path}/fs`, { throwIfNoEntry: false })?.isDirectory() === true
    ? undefined
    : "holds no folder `fs`";
}

/** A power cut leaves a file of the right name that is short or full of zeros: the superblock tells (erofs, magic at 1024). */
function erofsFault(path: string): string | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const info = fstatSync(fd);
    if (!info.isFile()) return "is no file";
    const head = Buffer.alloc(4);
    if (readSync(fd, head, 0, 4, 1024) < 4) return `has only ${info.size} bytes`;
    return head.readUInt32LE(0) === 0xe0f5e1e2 ? undefined : "is no erofs file system";
  } finally {
    closeSync(fd);
  }
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
