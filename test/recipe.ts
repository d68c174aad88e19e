import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, expect } from "bun:test";
import { expectNothingLeft } from "./traces.ts";
import {
  type CallOptions,
  type Outcome,
  openVial,
  setupTimeout,
  type TestVial,
  whyNoContainers,
} from "./vial.ts";

// Builds from recipes that stand in the test itself:
//
//     const built = await recipes.ok("FROM busybox\nCOPY a /a", { files: { a: "1" } });
//     expect(recipes.tree(built.tag).get("a")).toBe("f 644 0:0 1");

/** A store for the recipes of one test file, which goes with it. With a `why` there is none: then its tests are skipped. */
export async function openRecipes(
  subject: string,
): Promise<{ readonly why: string | undefined; readonly vial: TestVial; readonly recipes: Recipes }> {
  const why = whyNoContainers();
  if (why !== undefined) {
    console.warn(`skipped: ${subject}, because ${why}`);
    const none = undefined as unknown as TestVial;
    return { why, vial: none, recipes: new Recipes(none) };
  }
  const vial = await openVial();
  afterAll(async () => await vial.close(), setupTimeout);
  return { why, vial, recipes: new Recipes(vial) };
}

/** A file of a context: its text, or a link, or a text with a mode. */
export type ContextFile =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly text: string; readonly mode: number };

export interface BuildCall extends CallOptions {
  readonly files?: Readonly<Record<string, ContextFile>>;
  readonly flags?: readonly string[];
  /** A context of an earlier build, in place of a new one. */
  readonly folder?: string;
  /** How the recipe is called. Default Dockerfile. */
  readonly name?: string;
}

export interface Built extends Outcome {
  readonly tag: string;
  readonly folder: string;
  /** How many steps came from the cache. */
  readonly cached: number;
}

export class Recipes {
  readonly vial: TestVial;
  #count = 0;

  constructor(vial: TestVial) {
    this.vial = vial;
  }

  /** A new folder with these files. */
  context(files: Readonly<Record<string, ContextFile>>): string {
    this.#count++;
    const folder = `${this.vial.folder}/context-${this.#count}`;
    mkdirSync(folder);
    putFiles(folder, files);
    return folder;
  }

  /** Builds, whatever comes of it. */
  async build(text: string, call: BuildCall = {}): Promise<Built> {
    const { files = {}, flags = [], name = "Dockerfile", ...options } = call;
    const folder = call.folder ?? this.context({});
    putFiles(folder, { ...files, [name]: text });
    this.#count++;
    const tag = `built:${this.#count}`;
    const words = ["build", "--progress", "plain", "-f", `${folder}/${name}`, "-t", tag, ...flags, folder];
    const outcome = await this.vial.call(words, { timeout: 60_000, ...options });
    return { ...outcome, tag, folder, cached: [...outcome.err.matchAll(/^#\d+ CACHED$/gm)].length };
  }

  /** Builds, and it has to succeed, and leave nothing. */
  async ok(text: string, call: BuildCall = {}): Promise<Built> {
    const built = await this.build(text, call);
    if (built.code !== 0) throw new Error(`the build ended with ${built.code}: ${built.err}${built.out}`);
    expect(this.unfinished()).toEqual([]);
    return built;
  }

  /** What builds have left where they work; the trash is emptied in the background. */
  unfinished(): readonly string[] {
    const { root } = this.vial;
    return [`${root}/build/work`, `${root}/run/b`].flatMap((folder) =>
      namesIn(folder).map((name) => `${folder}/${name}`),
    );
  }

  async nothingLeft(): Promise<void> {
    expect(this.unfinished()).toEqual([]);
    await expectNothingLeft(this.vial);
  }

  /** The part "config" of an image, without what is not set. */
  async config(tag: string): Promise<Record<string, unknown>> {
    const [{ Config }] = JSON.parse(await this.vial.ok("image", "inspect", tag));
    return Config;
  }

  async digest(tag: string): Promise<string> {
    const [image] = JSON.parse(await this.vial.ok("image", "inspect", tag));
    return `${image.Id} ${JSON.stringify(image.RepoDigests ?? [])}`;
  }

  /** Every path of an image: "f MODE UID:GID CONTENT", "d MODE UID:GID", "l UID:GID TARGET"; names as latin1. */
  async tree(tag: string): Promise<Map<string, string>> {
    this.#count++;
    const folder = `${this.vial.folder}/tree-${this.#count}`;
    mkdirSync(folder);
    const name = `tree-${this.#count}`;
    await this.vial.ok("create", "--name", name, tag, "true");
    await this.vial.ok("export", "-o", `${folder}.tar`, name);
    await this.vial.ok("rm", name);
    const made = Bun.spawnSync(["tar", "-xpf", `${folder}.tar`, "--numeric-owner", "-C", folder]);
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
    const tree = new Map<string, string>();
    walk(Buffer.from(folder), "", tree);
    rmSync(folder, { recursive: true });
    rmSync(`${folder}.tar`);
    return tree;
  }
}

function walk(folder: Buffer, below: string, tree: Map<string, string>): void {
  for (const name of readdirSync(folder, { encoding: "buffer" })) {
    const at = Buffer.concat([folder, Buffer.from("/"), name]);
    const path = below === "" ? name.toString("latin1") : `${below}/${name.toString("latin1")}`;
    const info = lstatSync(at);
    const owner = `${info.uid}:${info.gid}`;
    const mode = (info.mode & 0o7777).toString(8);
    if (info.isSymbolicLink()) tree.set(path, `l ${owner} ${readlinkSync(at)}`);
    else if (info.isDirectory()) {
      tree.set(path, `d ${mode} ${owner}`);
      walk(at, path, tree);
    } else if (info.isFile()) {
      const text = info.size > 4096 ? `${info.size} bytes` : readFileSync(at, "utf8");
      tree.set(path, `f ${mode} ${owner} ${text}`);
    } else tree.set(path, `o ${mode} ${owner}`);
  }
}

function putFiles(folder: string, files: Readonly<Record<string, ContextFile>>): void {
  for (const [name, file] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    mkdirSync(dirname(path), { recursive: true });
    if (typeof file === "string" || file instanceof Uint8Array) writeFileSync(path, file);
    else if ("link" in file) symlinkSync(file.link, path);
    else {
      writeFileSync(path, file.text);
      chmodSync(path, file.mode);
    }
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
