import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { gitClone, openFlag, openInside, openRoot, setAside } from "#host";
import type { SourceRange } from "#spec";
import type { SourceTree } from "../copy/source-tree.ts";
import { isAddress, isGit } from "../dockerfile/remote.ts";
import { type IgnoreMatcher, parseIgnoreFile } from "../dockerfile/ignore.ts";
import { buildCanceled, contextMissing, contextNone, fetchContextFailed } from "../error.ts";
import type { Contexts } from "../session.ts";
import type { Worker } from "../worker.ts";
import { StoredDigests } from "./file-digests.ts";
import { keepDownload, keepStream, recipeKept, unpackKept } from "./packed-context.ts";

/** Where the files of a build lie. */
export type ContextPlace =
  | { readonly kind: "folder"; readonly path: string }
  /** A tar stream, plain or packed, on a descriptor. */
  | { readonly kind: "archive"; readonly fd: number; readonly head: Uint8Array }
  | { readonly kind: "git"; readonly url: string }
  /** What lies there is an archive, or the recipe alone. */
  | { readonly kind: "address"; readonly url: string }
  | { readonly kind: "none" };

export interface ContextOptions {
  readonly main: ContextPlace;
  /** `--build-context`: name to place; others are images. */
  readonly named: ReadonlyMap<string, string>;
  /** The recipe's own path, for `Dockerfile.dockerignore`. */
  readonly recipe: string | undefined;
  /** Where it lies in an archive or a repository. */
  readonly recipeName: string;
}

/** What lay at an address. */
type Fetched =
  | { readonly kind: "files"; readonly root: string }
  | { readonly kind: "recipe"; readonly text: string };

/** The contexts of one build; dispose takes away what was fetched and unpacked. */
export class OpenContexts implements Contexts, Disposable {
  readonly #worker: Worker;
  readonly #options: ContextOptions;
  readonly #digests: StoredDigests[] = [];
  readonly #folders: string[] = [];
  readonly #named = new Map<string, Promise<SourceTree | undefined>>();
  #main: Promise<SourceTree> | undefined;
  #fetched: Promise<Fetched> | undefined;

  constructor(worker: Worker, options: ContextOptions) {
    this.#worker = worker;
    this.#options = options;
  }

  get names(): readonly string[] {
    return [...this.#options.named.keys()];
  }

  async main(where: SourceRange | undefined, signal: AbortSignal): Promise<SourceTree> {
    this.#main ??= this.#openMain(where, signal);
    return await this.#main;
  }

  async named(name: string, signal: AbortSignal): Promise<SourceTree | undefined> {
    let tree = this.#named.get(name);
    if (tree === undefined) {
      tree = this.#openNamed(name, signal);
      this.#named.set(name, tree);
    }
    return await tree;
  }

  /** The recipe inside of the context: of an archive or a repository; or what lies at the address, being itself one. */
  async recipe(path: string, signal: AbortSignal): Promise<string | undefined> {
    const { main } = this.#options;
    if (main.kind === "address") {
      const fetched = await this.#fetchMain(main.url, signal);
      if (fetched.kind === "recipe") return fetched.text;
    }
    const tree = await this.main(undefined, signal);
    try {
      using top = openRoot(tree.root);
      using file = openInside(top.fd, path, 0);
      return readFileSync(file.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The image that a name of `--build-context` stands for. */
  imageOf(name: string): string {
    return (this.#options.named.get(name) ?? name).replace(/^docker-image:\/\//, "");
  }

  async #openMain(where: SourceRange | undefined, signal: AbortSignal): Promise<SourceTree> {
    const { main } = this.#options;
    const title = "the build context";
    switch (main.kind) {
      case "folder":
        return this.#folder(main.path, title, this.#options.recipe);
      case "archive":
        return this.#inside(await this.#unpack(main.fd, main.head), title);
      case "git":
        return this.#inside(await this.#clone(main.url, signal), title);
      case "address": {
        const fetched = await this.#fetchMain(main.url, signal);
        if (fetched.kind === "recipe") throw contextNone(where);
        return this.#inside(fetched.root, title);
      }
      case "none":
        throw contextNone(where);
      default:
        return main satisfies never;
    }
  }

  async #openNamed(name: string, signal: AbortSignal): Promise<SourceTree | undefined> {
    const place = this.#options.named.get(name) ?? "";
    const title = `the context "${name}"`;
    if (isGit(place)) return this.#plain(await this.#clone(place, signal), title, undefined);
    if (isAddress(place)) {
      const folder = this.#newFolder();
      await keepDownload(folder, place, signal);
      const root = await unpackKept(folder);
      if (root === undefined) throw fetchContextFailed(place, "it is no tar archive");
      return this.#plain(root, title, undefined);
    }
    // `docker-image://NAME`, or a name that is no folder: an image.
    if (/^[a-z-]+:\/\//.test(place) || !existsSync(place)) return undefined;
    return this.#folder(place, title, undefined);
  }

  /** An archive or a repository, with the recipe inside. */
  #inside(root: string, title: string): SourceTree {
    return this.#plain(root, title, `${root}/${this.#options.recipeName}`);
  }

  #folder(path: string, title: string, recipe: string | undefined): SourceTree {
    const info = statSync(path, { throwIfNoEntry: false });
    if (info === undefined || !info.isDirectory()) throw contextMissing(path);
    const digests = new StoredDigests(`${this.#worker.folder}/contexts`, path);
    this.#digests.push(digests);
    return { ...this.#plain(path, title, recipe), digests };
  }

  #plain(root: string, title: string, recipe: string | undefined): SourceTree {
    const ignore = readIgnore(root, recipe);
    return { root, form: "plain", title, ...(ignore === undefined ? {} : { ignore }) };
  }

  #newFolder(): string {
    const path = `${this.#worker.folder}/work/${process.pid}-context-${this.#folders.length}`;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#folders.push(path);
    return path;
  }

  async #unpack(fd: number, head: Uint8Array): Promise<string> {
    const folder = this.#newFolder();
    await keepStream(folder, fd, head);
    const root = await unpackKept(folder);
    if (root === undefined) throw contextMissing("-");
    return root;
  }

  /** Once, for the recipe and for the files. */
  async #fetchMain(url: string, signal: AbortSignal): Promise<Fetched> {
    this.#fetched ??= this.#fetch(url, signal);
    return await this.#fetched;
  }

  async #fetch(url: string, signal: AbortSignal): Promise<Fetched> {
    const folder = this.#newFolder();
    await keepDownload(folder, url, signal);
    const root = await unpackKept(folder);
    if (root !== undefined) return { kind: "files", root };
    const text = recipeKept(folder);
    if (text === undefined) throw fetchContextFailed(url, "it is neither a tar archive nor a recipe");
    return { kind: "recipe", text };
  }

  async #clone(url: string, signal: AbortSignal): Promise<string> {
    const folder = this.#newFolder();
    const hash = url.indexOf("#");
    const [ref = "", below = ""] = hash < 0 ? [] : url.slice(hash + 1).split(":");
    const failure = await gitClone({
      url: hash < 0 ? url : url.slice(0, hash),
      ref,
      folder: `${folder}/clone`,
      signal,
    });
    if (signal.aborted) throw buildCanceled();
    if (failure !== undefined) throw fetchContextFailed(url, failure);
    try {
      using top = openRoot(`${folder}/clone`);
      using found = openInside(top.fd, below === "" ? "/" : below, openFlag.path | openFlag.directory);
      return readlinkSync(found.path);
    } catch {
      throw fetchContextFailed(url, `the repository has no folder "${below}"`);
    }
  }

  [Symbol.dispose](): void {
    for (const digests of this.#digests) digests.save();
    for (const folder of this.#folders) setAside(this.#worker.store.trash, folder);
  }
}

/** The recipe's own `NAME.dockerignore` wins over the context's. */
function readIgnore(root: string, recipe: string | undefined): IgnoreMatcher | undefined {
  for (const path of [...(recipe === undefined ? [] : [`${recipe}.dockerignore`]), `${root}/.dockerignore`]) {
    try {
      return parseIgnoreFile(readFileSync(path, "utf8"), path.slice(path.lastIndexOf("/") + 1));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return undefined;
}
