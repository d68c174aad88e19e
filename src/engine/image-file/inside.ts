import { readdirSync } from "node:fs";
import { listSquashfs, openFlag, openInside, openRoot, readFileInside, readSquashfsFile } from "#host";
import type { SeenRoot } from "../hpc-image.ts";

// Small files of an image, read where they lie: nothing is mounted and nothing of the image is run. Whoever made the image
// is a stranger: links stay inside of it, and sizes and counts have a bound.

/** Bytes of one file; a longer one is passed over. */
const maxBytes = 1 << 20;
/** Entries of a folder. */
const maxEntries = 1000;

export interface InsideReader extends Disposable {
  /** The names in a folder of the image, sorted; none where there is no such folder. `path` is absolute. */
  names(path: string): readonly string[];
  /** Undefined for what is no file, or too long. */
  read(path: string): string | undefined;
}

/** Folders whose files may be asked for. */
const listed = [".singularity.d", "scif/apps"];

/** A root that lies open. */
export type PlainRoot = Exclude<SeenRoot, { readonly kind: "sif" }>;

/** Throws program-missing. */
export function openInsideReader(root: PlainRoot): InsideReader {
  return root.kind === "folder" ? new FolderReader(root.path) : new SquashfsReader(root.path, root.offset);
}

class FolderReader implements InsideReader {
  readonly #root: ReturnType<typeof openRoot>;

  constructor(path: string) {
    this.#root = openRoot(path);
  }

  names(path: string): readonly string[] {
    try {
      using folder = openInside(this.#root.fd, path, openFlag.path | openFlag.directory);
      return readdirSync(folder.path).sort().slice(0, maxEntries);
    } catch {
      return [];
    }
  }

  read(path: string): string | undefined {
    return readFileInside(this.#root.fd, path, maxBytes)?.toString();
  }

  [Symbol.dispose](): void {
    this.#root[Symbol.dispose]();
  }
}

class SquashfsReader implements InsideReader {
  readonly #path: string;
  readonly #offset: number;
  /** Sizes by absolute path: files, and links, whose size is not that of what they lead to. */
  #files: ReadonlyMap<string, number> | undefined;

  constructor(path: string, offset: number) {
    this.#path = path;
    this.#offset = offset;
  }

  #list(): ReadonlyMap<string, number> {
    this.#files ??= new Map(
      listSquashfs({ path: this.#path, offset: this.#offset, names: listed }).map(({ path, size }) => [
        path,
        size,
      ]),
    );
    return this.#files;
  }

  names(path: string): readonly string[] {
    const prefix = `${path}/`;
    const found = [...this.#list().keys()].flatMap((file) =>
      file.startsWith(prefix) ? [file.slice(prefix.length).split("/")[0] ?? ""] : [],
    );
    return [...new Set(found)].sort().slice(0, maxEntries);
  }

  read(path: string): string | undefined {
    const size = this.#list().get(path);
    if (size === undefined || size > maxBytes) return undefined;
    return readSquashfsFile({ path: this.#path, offset: this.#offset, file: path, maxBytes });
  }

  [Symbol.dispose](): void {}
}
