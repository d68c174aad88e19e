import { closeSync, constants, openSync } from "node:fs";
import { makePipe, startProgram } from "#host";
import { type Compression, type Digest, sniffCompression } from "#spec";
import { layerInvalid, layerUnpackFailed, relayed } from "../error.ts";
import { readHead } from "./head.ts";
import { decompressCommand } from "./decompressor.ts";
import type { PackAnswer, PackOrder } from "./pack-order.ts";

// The pipeline: [bytes of a layer] -> decompressor -> packer -> whoever makes something of the tar. One layer after the
// other, top first; the packer has a pipe for each of them, so that it sees where one ends.

export type PackWish = Omit<PackOrder, "twice">;

/** What is done with the tar while it comes: it reads the descriptor to its end. */
export type TarTaker = (tar: number) => Promise<unknown>;

export interface Packed {
  /** `again`: what the taker made is of no use, and packFiles() does it with `looked`. */
  readonly status: "done" | "again";
  /** The texts that were asked for, by path, where they are there. */
  readonly texts: Readonly<Record<string, string>>;
}

export interface PackingOptions {
  /** The layers come twice. */
  readonly twice?: boolean;
  /** Ends the packing: what is under way then fails, and the caller knows why. */
  readonly signal?: AbortSignal;
}

export class LayerPacking implements AsyncDisposable {
  readonly #wish: PackWish;
  readonly #packer: Bun.Subprocess;
  readonly #taken: Promise<unknown>;
  readonly #said: Promise<string>;
  /** The ends that the layers still to come are written into. */
  readonly #ends: number[];
  readonly #signal: AbortSignal | undefined;
  readonly #stop: () => void;
  #decompressor: Bun.Subprocess | undefined;
  #next = 0;
  #isOver = false;
  #takerFailed = false;

  /** Starts to pack; the layers follow, as many as the wish names, top first (all of them twice, with `twice`). */
  constructor(wish: PackWish, take: TarTaker, options: PackingOptions = {}) {
    const { twice = false, signal } = options;
    this.#wish = twice ? { ...wish, diffIds: [...wish.diffIds, ...wish.diffIds] } : wish;
    const pipes = this.#wish.diffIds.map(() => makePipe());
    const tar = makePipe();
    try {
      this.#packer = startProgram(packProgram(), {
        stdin: "pipe",
        stdout: tar.writeEnd,
        stderr: "pipe",
        descriptors: pipes.map(({ readEnd }) => readEnd),
        env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
      });
    } catch (error) {
      for (const { writeEnd } of pipes) closeSync(writeEnd);
      closeSync(tar.readEnd);
      throw error;
    } finally {
      for (const { readEnd } of pipes) closeSync(readEnd);
      closeSync(tar.writeEnd);
    }
    this.#ends = pipes.map(({ writeEnd }) => writeEnd);
    const order: PackOrder = { ...wish, twice };
    const input = this.#packer.stdin as Bun.FileSink;
    void input.write(JSON.stringify(order));
    void input.end();
    this.#said = new Response(this.#packer.stderr as ReadableStream<Uint8Array>).text();
    void this.#packer.exited.then(() => {
      this.#isOver = true;
    });
    this.#stop = () => this.#packer.kill("SIGKILL");
    this.#signal = signal;
    if (signal?.aborted === true) this.#stop();
    signal?.addEventListener("abort", this.#stop);
    this.#taken = take(tar.readEnd).finally(() => closeSync(tar.readEnd));
    // Told by finish(); a packer whose reader is gone is of no use.
    this.#taken.catch(() => {
      this.#takerFailed = true;
      this.#packer.kill("SIGKILL");
    });
  }

  /** The packer has ended: finish() tells how. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes the next layer from a file. Throws layer-invalid and what finish() would. */
  async addFile(path: string): Promise<void> {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      this.#start(sniffCompression(readHead(fd)), fd);
    } finally {
      closeSync(fd);
    }
    await this.endLayer();
  }

  /** Begins the next layer, whose bytes come by write(), until endLayer(). */
  beginLayer(compression: Compression): void {
    this.#start(compression, "pipe");
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isOver) {
      try {
        const input = this.#decompressor!.stdin as Bun.FileSink;
        const written = input.write(bytes);
        // A pipe whose reader is gone takes bytes without end; then the answer tells what happened.
        if (typeof written !== "number") await Promise.race([written, this.#packer.exited]);
        const flushed = input.flush();
        if (typeof flushed === "object") await Promise.race([flushed, this.#packer.exited]);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      }
    }
    if (this.#isOver && this.#packer.exitCode !== 0) await this.finish();
  }

  /** Waits until the layer is read. Throws layer-invalid where its bytes do not decompress. */
  async endLayer(): Promise<void> {
    const child = this.#decompressor!;
    const { diffIds } = this.#wish;
    if (typeof child.stdin === "object")
      try {
        await child.stdin.end();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      }
    const complaint = new Response(child.stderr as ReadableStream<Uint8Array>).text();
    const code = await child.exited;
    this.#decompressor = undefined;
    // One that was ended by its broken pipe has nothing to say.
    if (code !== 0 && child.signalCode === null && !this.#isOver) {
      const why = (await complaint).trim().split("\n").at(-1) ?? "";
      throw layerInvalid(diffIds[this.#next - 1]!, `its compressed stream is damaged: ${why}`);
    }
  }

  /**
   * When all layers are in: waits for the packer and for who takes the tar. Throws the packer's layer-invalid,
   * layer-too-large, content-mismatch, and the taker's error before those.
   */
  async finish(): Promise<Packed> {
    await this.#packer.exited;
    const answer = parseAnswer(await this.#said);
    // A packer that stops ends the tar in its middle: what the taker says of that is no news.
    if (answer?.status === "refused") {
      await this.#taken.catch(() => undefined);
      if (this.#takerFailed && isBrokenPipe(answer)) await this.#taken;
      throw relayed(answer.error);
    }
    if (answer?.status === "again") {
      await this.#taken.catch(() => undefined);
      return { status: "again", texts: {} };
    }
    await this.#taken;
    if (answer === undefined) {
      const end = this.#packer.signalCode ?? `code ${this.#packer.exitCode}`;
      const said = (await this.#said).trim().slice(-2000);
      const diffId = this.#wish.diffIds[0] ?? ("sha256:" as Digest);
      throw layerUnpackFailed(diffId, new Error(`the packing process ended with ${end}: ${said}`));
    }
    return { status: "done", texts: answer.texts };
  }

  /** Ends all of it. Nothing happens after finish(). */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#stop);
    for (const fd of this.#ends.slice(this.#next)) closeSync(fd);
    this.#next = this.#ends.length;
    this.#decompressor?.kill("SIGKILL");
    if (!this.#isOver) this.#packer.kill("SIGKILL");
    await Promise.all([this.#packer.exited, this.#decompressor?.exited]);
    await this.#taken.catch(() => undefined);
  }

  #start(compression: Compression, input: "pipe" | number): void {
    const end = this.#ends[this.#next];
    if (end === undefined) throw new Error("our bug: more layers than the order names");
    this.#next++;
    try {
      this.#decompressor = startProgram(decompressCommand(compression) ?? ["cat"], {
        stdin: input,
        stdout: end,
        stderr: "pipe",
        env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
      });
    } finally {
      closeSync(end);
    }
  }
}

/**
 * Packs layers that lie in files, bottom first. `looked`: it was tried already, and takes two readings. Throws as
 * LayerPacking.finish() does.
 */
export async function packFiles(
  layers: readonly { readonly diffId: Digest; readonly path: string }[],
  wish: Omit<PackWish, "diffIds">,
  take: TarTaker,
  { looked = false, signal }: { readonly looked?: boolean; readonly signal?: AbortSignal } = {},
): Promise<Packed> {
  const topFirst = layers.toReversed();
  const diffIds = topFirst.map(({ diffId }) => diffId);
  for (const twice of looked ? [true] : [false, true]) {
    await using packing = new LayerPacking({ ...wish, diffIds }, take, {
      twice,
      ...(signal === undefined ? {} : { signal }),
    });
    for (const { path } of twice ? [...topFirst, ...topFirst] : topFirst) {
      await packing.addFile(path);
      if (packing.isOver) break;
    }
    const packed = await packing.finish();
    if (packed.status === "done") return packed;
  }
  throw new Error("our bug: layers that were looked at are still in no order");
}

function isBrokenPipe(answer: { readonly error: { readonly why?: string | undefined } }): boolean {
  return /EPIPE/.test(answer.error.why ?? "");
}

function packProgram(): readonly string[] {
  const folder = import.meta.dir;
  if (folder.startsWith("/$bunfs/")) return [process.execPath, "internal-pack"];
  return [process.execPath, `${folder}/pack-main.ts`];
}

function parseAnswer(said: string): PackAnswer | undefined {
  try {
    return JSON.parse(said.trim().split("\n").at(-1) ?? "") as PackAnswer;
  } catch {
    return undefined;
  }
}
