import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { openStore, setRef, type Store, writeBlob } from "#image";
import { type Descriptor, type Digest, digestOf, mediaType, parseReference } from "#spec";
import { divertOutput } from "../print.ts";
import { start } from "../start.ts";

// A store of its own with small real images, and the program run on it as a person runs it.

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export class TestStore implements Disposable {
  readonly root = mkdtempSync(`${tmpdir()}/vial-cli-`);
  readonly store: Store = openStore(this.root);

  /** Runs `vial --root ROOT ...words`, in this process: thirty times faster than in one of its own. */
  async vial(...words: readonly string[]): Promise<Outcome> {
    const texts = { 1: "", 2: "" };
    using _diverted = divertOutput((fd, text) => {
      texts[fd] += Buffer.from(text).toString();
    });
    const before = { ...process.env };
    Object.assign(process.env, this.#environment());
    try {
      const code = await start(["--root", this.root, ...words]);
      return { code, out: texts[1], err: texts[2] };
    } finally {
      for (const name of ["VIAL_ROOT", ...Object.keys(this.#environment())]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
  }

  /** No file of the person who runs the tests is read or written. */
  #environment() {
    return { HOME: this.root, DOCKER_CONFIG: `${this.root}/docker`, XDG_CONFIG_HOME: `${this.root}/config` };
  }

  /** The same in a process of its own, with something to read on standard input and no home but the store. */
  vialWith(input: string | Uint8Array, ...words: readonly string[]): Outcome {
    const main = new URL("../main.ts", import.meta.url).pathname;
    const child = Bun.spawnSync([process.execPath, main, "--root", this.root, ...words], {
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, ...this.#environment() },
    });
    return { code: child.exitCode, out: child.stdout.toString(), err: child.stderr.toString() };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export interface ImageWish {
  readonly name?: string;
  readonly created: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: readonly string[];
  readonly steps?: readonly string[];
}

/** An image with one layer of an empty tar, told apart by its time of creation. */
export function addImage(
  store: Store,
  wish: ImageWish,
): { readonly id: Digest; readonly manifest: Descriptor } {
  const tar = Buffer.alloc(1024);
  const layer = { mediaType: mediaType.ociLayer, digest: writeBlob(store, tar), size: tar.length };
  const config = JSON.stringify({
    created: wish.created,
    architecture: "amd64",
    os: "linux",
    config: {
      Env: wish.env ?? ["PATH=/bin"],
      Cmd: ["sh"],
      ...(wish.labels === undefined ? {} : { Labels: wish.labels }),
    },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
    history: (wish.steps ?? ["COPY . /"]).map((created_by, place) => ({
      created: wish.created,
      created_by,
      ...(place > 0 ? { empty_layer: true } : {}),
    })),
  });
  const id = writeBlob(store, config);
  const bytes = JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaType.ociManifest,
    config: { mediaType: mediaType.ociConfig, digest: id, size: Buffer.byteLength(config) },
    layers: [layer],
  });
  const manifest: Descriptor = {
    mediaType: mediaType.ociManifest,
    digest: writeBlob(store, bytes),
    size: Buffer.byteLength(bytes),
  };
  setRef(store, wish.name === undefined ? undefined : parseReference(wish.name), manifest);
  return { id, manifest };
}
