import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import {
  hasOneId,
  inUserNamespace,
  type Lock,
  lockPatiently,
  makePipe,
  mappedRootWords,
  setAside,
  startProgram,
  sweepTrash,
  tryLock,
} from "#host";
import { type Digest, digestHex } from "#spec";
import { layerInvalid, layerUnpackFailed } from "../error.ts";
import type { Store } from "../store.ts";
import { decompressCommand } from "./decompressor.ts";
import { defaultLimits, type LayerLimits } from "./apply.ts";
import { errorOf, type ExtractAnswer, type ExtractOrder } from "./extract.ts";
import { type LayerForm, layerPath, layerPlace } from "./place.ts";
import type { OverlayMarks } from "./writer.ts";

// The pipeline: [bytes] -> decompressor -> extractor, each a process, joined by pipes. This process only feeds the
// bytes, waits, and gives the result its name when the digest of the uncompressed stream is right.

export type Compression = "none" | "gzip" | "zstd";

export interface UnpackOptions {
  /** The digest of the uncompressed layer, from the image config. */
  readonly diffId: Digest;
  readonly compression: Compression;
  readonly form: LayerForm;
  /** Default: what overlayfs reads in this process's user namespace. */
  readonly marks?: OverlayMarks;
  /** Of a folder. `skip` gives all files to this process's user. Default: keep, where this user has more ids than one. */
  readonly owners?: "keep" | "skip";
  /**
   * The command that the extractor runs under, to be root somewhere. Default: none for root or when owners are
   * skipped on purpose, else a user namespace with the ids that /etc/subuid gives, or with the one id.
   */
  readonly enter?: readonly string[];
  readonly limits?: Partial<LayerLimits>;
  /** Called when another process is unpacking the same layer, and this one waits. */
  readonly waiting?: () => void;
}

export interface UnpackResult {
  readonly diffId: Digest;
  /** Length of the uncompressed archive. */
  readonly bytes: number;
  /** What a folder could not hold (devices in a user namespace), as sentences. */
  readonly leftOut: readonly string[];
}

export interface Unpacking extends AsyncDisposable {
  /** Takes the next bytes; wait for the promise before the next call. Throws what finish() would, as soon as it is known. */
  write(bytes: Uint8Array): Promise<void>;
  /** Throws content-mismatch, layer-invalid, layer-too-large, layer-disk-full; then nothing is left behind. */
  finish(): Promise<UnpackResult>;
  /** Stops and leaves nothing behind. */
  abort(): Promise<void>;
}

/** Begins to unpack a layer whose bytes come later. Undefined when the layer is there, or has just been unpacked by another process. */
export async function startUnpack(store: Store, options: UnpackOptions): Promise<Unpacking | undefined> {
  const lock = await claimLayer(store, options);
  return lock === undefined ? undefined : guarded(lock, () => new Pipeline(store, options, lock, "pipe"));
}

/** Unpacks a layer from a stored blob. Undefined as for startUnpack(). */
export async function unpackFile(
  store: Store,
  path: string,
  options: UnpackOptions,
): Promise<UnpackResult | undefined> {
  const lock = await claimLayer(store, options);
  if (lock === undefined) return undefined;
  const pipeline = guarded(lock, () => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!fstatSync(fd).isFile()) throw layerInvalid(options.diffId, "its blob is not a regular file");
      return new Pipeline(store, options, lock, fd);
    } finally {
      closeSync(fd);
    }
  });
  return await pipeline.finish();
}

function guarded(lock: Lock, make: () => Pipeline): Pipeline {
  try {
    return make();
  } catch (error) {
    release(lock);
    throw error;
  }
}

async function claimLayer(store: Store, options: UnpackOptions): Promise<Lock | undefined> {
  if (layerPlace(store, options.diffId, options.form) !== undefined) return undefined;
  const lock = await lockPatiently(lockPath(store, digestHex(options.diffId)), options.waiting);
  if (layerPlace(store, options.diffId, options.form) !== undefined) {
    release(lock);
    return undefined;
  }
  sweepLeftovers(store, digestHex(options.diffId));
  return lock;
}

function lockPath(store: Store, hex: string): string {
  return `${store.locks}/layer-${hex}`;
}

function release(lock: Lock): void {
  // Removed while held: who waits on the removed file gets its lock, sees that it is gone, and takes the new one.
  rmSync(lock.path, { force: true });
  lock[Symbol.dispose]();
}

/** Sets aside what killed processes left: our own layer's remains, and those of every layer that nobody works on. */
function sweepLeftovers(store: Store, ours: string): void {
  let found = false;
  for (const name of readdirSync(store.ingest)) {
    const hex = /^layer-([0-9a-f]+)-/.exec(name)?.[1];
    if (hex === undefined) continue;
    const lock = hex === ours ? undefined : tryLock(lockPath(store, hex));
    if (hex !== ours && lock === undefined) continue;
    found = setAside(store.trash, `${store.ingest}/${name}`) || found;
    if (lock !== undefined) release(lock);
  }
  if (found) sweepTrash(store.trash);
}

let counter = 0;

class Pipeline implements Unpacking {
  readonly #store: Store;
  readonly #options: UnpackOptions;
  readonly #lock: Lock;
  readonly #output: string;
  readonly #decompressor: Bun.Subprocess | undefined;
  readonly #extractor: Bun.Subprocess;
  readonly #input: Bun.FileSink | undefined;
  readonly #said: Promise<string>;
  readonly #complaint: Promise<string>;
  readonly #answer: Promise<string>;
  #isOver = false;
  #isClosed = false;

  constructor(store: Store, options: UnpackOptions, lock: Lock, input: "pipe" | number) {
    this.#store = store;
    this.#options = options;
    this.#lock = lock;
    counter++;
    this.#output = `${store.ingest}/layer-${digestHex(options.diffId)}-${process.pid}-${counter}`;
    mkdirSync(store.ingest, { recursive: true, mode: 0o700 });
    const env = { PATH: process.env.PATH ?? "/usr/bin:/bin" };
    const extract = extractCommand(options, this.#output);
    const decompress = decompressCommand(options.compression);
    if (decompress === undefined) {
      this.#decompressor = undefined;
      this.#extractor = startProgram(extract, { stdin: input, stdout: "pipe", stderr: "pipe", env });
    } else {
      const pipe = makePipe();
      try {
        this.#decompressor = startProgram(decompress, {
          stdin: input,
          stdout: pipe.writeEnd,
          stderr: "pipe",
          env,
        });
        this.#extractor = startProgram(extract, { stdin: pipe.readEnd, stdout: "pipe", stderr: "pipe", env });
      } finally {
        closeSync(pipe.readEnd);
        closeSync(pipe.writeEnd);
      }
    }
    const first = this.#decompressor ?? this.#extractor;
    this.#input = input === "pipe" ? (first.stdin as Bun.FileSink) : undefined;
    this.#answer = textOf(this.#extractor.stdout);
    this.#said = textOf(this.#extractor.stderr);
    this.#complaint = textOf(this.#decompressor?.stderr);
    void this.#extractor.exited.then(() => {
      this.#isOver = true;
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#isOver) {
      try {
        const written = this.#input!.write(bytes);
        // A pipe whose reader is gone takes bytes without end; then the answer tells what happened.
        if (typeof written !== "number") await Promise.race([written, this.#extractor.exited]);
        const flushed = this.#input!.flush();
        if (typeof flushed === "object") await Promise.race([flushed, this.#extractor.exited]);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
      }
    }
    if (this.#isOver && this.#extractor.exitCode !== 0) await this.finish();
  }

  async finish(): Promise<UnpackResult> {
    try {
      await this.#endInput();
      const result = await this.#result();
      this.#publish();
      this.#close();
      return result;
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async #endInput(): Promise<void> {
    try {
      await this.#input?.end();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EPIPE") throw error;
    }
  }

  async #result(): Promise<UnpackResult> {
    const { diffId, compression } = this.#options;
    await this.#extractor.exited;
    const decompressed = await this.#decompressor?.exited;
    const isKilled = this.#decompressor?.signalCode != null;
    // First the decompressor: damage there looks to the extractor like an archive that was cut.
    if (decompressed !== undefined && decompressed !== 0 && !isKilled) {
      const complaint = (await this.#complaint).trim().split("\n").at(-1) ?? "";
      throw layerInvalid(diffId, `its ${compression} stream is damaged: ${complaint}`);
    }
    const answer = parseAnswer(await this.#answer);
    if (answer === undefined) {
      const end = this.#extractor.signalCode ?? `code ${this.#extractor.exitCode}`;
      const said = (await this.#said).trim().slice(-2000);
      throw layerUnpackFailed(diffId, new Error(`the unpacking process ended with ${end}: ${said}`));
    }
    if (answer.status === "refused") throw errorOf(answer);
    return { diffId, bytes: answer.bytes, leftOut: answer.leftOut };
  }

  /** From here on everybody sees the layer: a rename shows it complete or not at all. */
  #publish(): void {
    const { diffId, form } = this.#options;
    const path = layerPath(this.#store, diffId, form);
    // A folder is moved with its wrapper: its own owner may be somebody whose folders we could not move.
    const target = form === "erofs" ? path : dirname(path);
    mkdirSync(this.#store.layers, { recursive: true, mode: 0o700 });
    renameSync(this.#output, target);
  }

  async abort(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#extractor.kill("SIGKILL");
    this.#decompressor?.kill("SIGKILL");
    await this.#endInput();
    await Promise.all([this.#extractor.exited, this.#decompressor?.exited]);
    if (this.#options.form === "erofs") rmSync(this.#output, { force: true });
    else if (setAside(this.#store.trash, this.#output)) sweepTrash(this.#store.trash);
    release(this.#lock);
  }

  #close(): void {
    this.#isClosed = true;
    release(this.#lock);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.abort();
  }
}

function extractCommand(options: UnpackOptions, output: string): readonly string[] {
  const owners = options.owners ?? (hasOneId() ? "skip" : "keep");
  const isRoot = process.getuid?.() === 0;
  const isMachinesRoot = isRoot && !inUserNamespace();
  const needsIds = options.form === "folder" && !isRoot && options.owners !== "skip";
  const order: ExtractOrder = {
    diffId: options.diffId,
    form: options.form,
    output,
    marks: options.marks ?? (isMachinesRoot || options.form === "erofs" ? "trusted" : "user"),
    owners,
    limits: { ...defaultLimits, ...options.limits },
  };
  const enter = options.enter ?? (needsIds ? [...mappedRootWords(), "--"] : []);
  return [...enter, ...extractProgram(), JSON.stringify(order)];
}

/** This very program: the compiled executable with the hidden verb, or Bun with the source. */
function extractProgram(): readonly string[] {
  const folder = import.meta.dir;
  if (folder.startsWith("/$bunfs/")) return [process.execPath, "internal-unpack"];
  return [process.execPath, `${folder}/unpack-main.ts`];
}

async function textOf(stream: Bun.Subprocess["stdout"]): Promise<string> {
  return stream instanceof ReadableStream ? await new Response(stream).text() : "";
}

function parseAnswer(line: string): ExtractAnswer | undefined {
  try {
    return JSON.parse(line) as ExtractAnswer;
  } catch {
    return undefined;
  }
}
