import type { ElfObject } from "./elf.ts";
import { isInImage, readImageBytes, readImageElf } from "./elf-file.ts";
import { type CachedLibrary, parseLoaderCache } from "./loader-cache.ts";

// What the loader of an image would find: by the image's own cache, then in the folders that are built into loaders.

/** Debian's, Red Hat's, and those of images without a second architecture. */
const folders: Readonly<Record<number, readonly string[]>> = {
  62: ["/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"],
  183: ["/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"],
};
/** Where an image for the other kind of processor has its libc.so.6. */
const foreignFolders = ["/lib/i386-linux-gnu", "/usr/lib/i386-linux-gnu", ...Object.values(folders).flat()];
const muslLoaders = ["x86_64", "aarch64", "i386"].map((name) => `/lib/ld-musl-${name}.so.1`);

/** A cache has a name once for each kind of program. */
const mostPlaces = 16;

/** The C library of an image: its versions decide which of the host's libraries can be loaded. */
export type ImageLibc =
  | { readonly kind: "glibc"; readonly version: string }
  | { readonly kind: "musl" }
  /** One for other programs than this machine's 64-bit ones. */
  | { readonly kind: "foreign"; readonly bits: 32 | 64 }
  | { readonly kind: "none" };

export class ImageLibraries {
  readonly #root: number;
  readonly #machine: number;
  readonly #known = new Map<string, ElfObject | undefined>();
  #cache: readonly CachedLibrary[] | undefined;

  /** `root` is open for the image's root; `machine` as in ELF files. */
  constructor(root: number, machine: number) {
    this.#root = root;
    this.#machine = machine;
  }

  /** A library by the name that another asks for it with, such as libm.so.6. Undefined when there is none. */
  lookUp(name: string): ElfObject | undefined {
    if (this.#known.has(name)) return this.#known.get(name);
    const found = this.#search(name);
    this.#known.set(name, found);
    return found;
  }

  libc(): ImageLibc {
    const own = this.lookUp("libc.so.6");
    if (own !== undefined) return { kind: "glibc", version: highestGlibc(own.defines) };
    if (muslLoaders.some((path) => isInImage(this.#root, path))) return { kind: "musl" };
    for (const folder of foreignFolders) {
      const other = readImageElf(this.#root, `${folder}/libc.so.6`);
      if (other !== undefined) return { kind: "foreign", bits: other.bits };
    }
    return { kind: "none" };
  }

  #search(name: string): ElfObject | undefined {
    this.#cache ??=
      parseLoaderCache(readImageBytes(this.#root, "/etc/ld.so.cache") ?? new Uint8Array()) ?? [];
    const cached = this.#cache.filter((entry) => entry.name === name).map(({ path }) => path);
    cached.length = Math.min(cached.length, mostPlaces);
    const usual = (folders[this.#machine] ?? []).map((folder) => `${folder}/${name}`);
    for (const path of [...cached, ...usual]) {
      const object = readImageElf(this.#root, path);
      if (object?.machine === this.#machine) return object;
    }
    return undefined;
  }
}

/** The release of a glibc by the versions that it defines, such as "2.36"; "?" where it names none. */
export function highestGlibc(versions: readonly string[]): string {
  const releases = versions
    .flatMap((version) => /^GLIBC_(\d+(?:\.\d+)+)$/.exec(version)?.[1] ?? [])
    .sort(compareReleases);
  return releases.at(-1) ?? "?";
}

/** Of "2.9" and "2.31" the second is the later one. */
export function compareReleases(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(".").map(Number));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
