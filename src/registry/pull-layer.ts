import { closeSync, openSync, readSync } from "node:fs";
import { setAside } from "#host";
import { blobPath, blobSize, type Ingest, openIngest, type Store } from "#image";
import {
  type Descriptor,
  type Digest,
  isVialError,
  reasonOf,
  sniffCompression,
  type Compression,
  type VialError,
} from "#spec";
import { blobTruncated, interrupted } from "./error.ts";
import type { LayerReport } from "./progress.ts";
import type { PullSource } from "./source.ts";
import { pause } from "./watch.ts";

// One layer is one stream: the bytes from the registry go into the ingest file (hashed on the way) and, in the same
// breath, to the unpacker. What a broken download left is fed to the unpacker first, and the download goes on behind it.

/** A layer that is being unpacked. Nothing of it is visible before finish(). */
export interface LayerSink {
  write(chunk: Uint8Array): void | Promise<void>;
  /** Verifies the diff ID and makes the layer visible. */
  finish(): unknown;
  /** Forgets what was unpacked. */
  abort(): unknown;
}

/** Turns the bytes of a layer into a layer that can be mounted. */
export interface LayerUnpacker {
  has(diffId: Digest): boolean;
  start(diffId: Digest, compression: Compression): LayerSink | Promise<LayerSink>;
}

export interface LayerJob {
  readonly store: Store;
  readonly source: PullSource;
  readonly doing: string;
  readonly layer: Descriptor;
  readonly diffId: Digest;
  readonly unpacker: LayerUnpacker;
  readonly report: LayerReport;
  /** Milliseconds before the first new try of a broken download. */
  readonly retryDelay: number;
  readonly signal: AbortSignal;
}

export const defaultRetryDelay = 500;
const maxFailures = 5;
/** A try that brought this much is no failure, so that a large layer survives any number of breaks. */
const progressBytes = 1024 * 1024;
const fileChunkBytes = 1024 * 1024;
/** Faults of the bytes themselves; a full disk, say, ends the pull at once. */
const contentFaults = new Set(["layer-invalid", "content-mismatch"]);
/** An answer like 503 is none of them: the transport has asked again by then, as often as is decent. */
const retryable = new Set([
  "registry-connection-broken",
  "registry-connection-refused",
  "registry-stalled",
  "blob-truncated",
]);

/** Brings one layer into the store, as a blob and unpacked. Gives the number of bytes that were fetched. */
export async function pullLayer(job: LayerJob): Promise<number> {
  const { store, layer, report } = job;
  for (let restarts = 0; ; restarts++) {
    const stored = blobSize(store, layer.digest);
    if (stored === layer.size) {
      await unpackStored(job);
      return 0;
    }
    // A power cut can leave a blob that is shorter than it was.
    if (stored !== undefined) setAside(store.trash, blobPath(store, layer.digest));
    const ingest = await openPatiently(job);
    if (ingest === undefined) continue;
    const resumed = ingest.offset > 0;
    try {
      const fetched = await transfer(job, ingest);
      report.say("done", layer.size);
      return fetched;
    } catch (error) {
      // A power cut can leave an ingest file whose bytes were never written. Once, all is fetched anew.
      const isDamaged = isVialError(error) && error.code === "content-mismatch" && resumed && restarts === 0;
      if (!isDamaged) throw error;
      report.retry(reasonOf(error));
    } finally {
      ingest[Symbol.dispose]();
    }
  }
}

/** openIngest() waits for another process that fetches the same blob; an interruption ends our waiting at once. */
async function openPatiently(job: LayerJob): Promise<Ingest | undefined> {
  const { store, layer, report, signal, doing } = job;
  if (signal.aborted) throw interrupted(doing);
  const opening = openIngest(store, layer.digest, layer.size, () => report.say("waiting"));
  let stop: (() => void) | undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(interrupted(doing));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([opening, stopped]);
  } catch (error) {
    opening.then(
      (late) => late?.[Symbol.dispose](),
      () => undefined,
    );
    throw error;
  } finally {
    if (stop !== undefined) signal.removeEventListener("abort", stop);
  }
}

async function transfer(job: LayerJob, ingest: Ingest): Promise<number> {
  const unpacking = new Unpacking(job);
  try {
    await feedFile(unpacking, ingest.path, ingest.offset, job);
    const fetched = await download(job, ingest, unpacking);
    // In this order nothing can see a layer whose blob was not verified.
    ingest.commit();
    job.report.say("unpacking", job.layer.size);
    await unpacking.finish();
    return fetched;
  } catch (error) {
    await unpacking.abort();
    throw error;
  }
}

async function download(job: LayerJob, ingest: Ingest, unpacking: Unpacking): Promise<number> {
  const { layer, report, signal, doing } = job;
  let have = ingest.offset;
  let fetched = 0;
  for (let failures = 0; have < layer.size; ) {
    const before = have;
    try {
      report.say("downloading", have);
      const stream = await job.source.getBlob(layer.digest, have);
      try {
        // A server that does not continue downloads sends again what we have; the digest watches over both.
        let skip = have - stream.start;
        for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) {
          if (signal.aborted) throw interrupted(doing);
          fetched += chunk.length;
          const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
          skip -= chunk.length - fresh.length;
          if (fresh.length === 0) continue;
          ingest.write(fresh);
          have += fresh.length;
          await unpacking.write(fresh);
          report.say("downloading", have);
        }
      } finally {
        stream.discard();
      }
      if (have < layer.size) throw blobTruncated(doing, layer.digest, have, layer.size);
    } catch (error) {
      if (signal.aborted) throw interrupted(doing);
      if (!isVialError(error) || !retryable.has(error.code)) throw error;
      // Asked for the rest, the registry said in good order that there is none.
      if (error.code === "blob-truncated" && have === before) throw error;
      failures = have - before >= progressBytes ? 1 : failures + 1;
      if (failures >= maxFailures) throw error;
      report.retry(error.why ?? error.message);
      await pause(job.retryDelay * 2 ** (failures - 1), doing, signal);
    }
  }
  return fetched;
}

/** The blob is here: at most its unpacking is missing. */
async function unpackStored(job: LayerJob): Promise<void> {
  const { store, layer, report, unpacker, diffId } = job;
  if (unpacker.has(diffId)) {
    report.say("exists", layer.size);
    return;
  }
  const unpacking = new Unpacking(job);
  try {
    await feedFile(unpacking, blobPath(store, layer.digest), layer.size, job);
    await unpacking.finish();
  } catch (error) {
    await unpacking.abort();
    throw error;
  }
  report.say("done", layer.size);
}

async function feedFile(unpacking: Unpacking, path: string, length: number, job: LayerJob): Promise<void> {
  if (length === 0 || unpacking.isNeedless) return;
  const fd = openSync(path, "r");
  try {
    for (let offset = 0; offset < length; ) {
      if (job.signal.aborted) throw interrupted(job.doing);
      // A new buffer each time: the unpacker may still hold the last one.
      const chunk = Buffer.allocUnsafe(Math.min(fileChunkBytes, length - offset));
      const count = readSync(fd, chunk, 0, chunk.length, offset);
      if (count === 0) break;
      offset += count;
      await unpacking.write(chunk.subarray(0, count));
      job.report.say("unpacking", offset);
    }
  } finally {
    closeSync(fd);
  }
}

/** The unpacker of one layer, started with the first bytes, because they tell the compression. */
class Unpacking {
  readonly #job: LayerJob;
  #sink: LayerSink | undefined;
  #head: Uint8Array = new Uint8Array();
  /**
   * Why the bytes are no layer. Told only after the blob was verified: bytes that were altered on the way are no layer
   * either, and then it is the digest that says what is wrong.
   */
  #fault: VialError | undefined;
  /** The layer is unpacked already: only the blob is missing. */
  readonly isNeedless: boolean;

  constructor(job: LayerJob) {
    this.#job = job;
    this.isNeedless = job.unpacker.has(job.diffId);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.isNeedless || this.#fault !== undefined) return;
    try {
      if (this.#sink !== undefined) {
        await this.#sink.write(chunk);
        return;
      }
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
      if (this.#head.length >= 4) await this.#start();
    } catch (error) {
      if (!isVialError(error) || !contentFaults.has(error.code)) throw error;
      this.#fault = error;
    }
  }

  async #start(): Promise<LayerSink> {
    const head = this.#head;
    this.#head = new Uint8Array();
    this.#sink = await this.#job.unpacker.start(this.#job.diffId, sniffCompression(head));
    if (head.length > 0) await this.#sink.write(head);
    return this.#sink;
  }

  async finish(): Promise<void> {
    if (this.isNeedless) return;
    if (this.#fault !== undefined) throw this.#fault;
    await (this.#sink ?? (await this.#start())).finish();
  }

  async abort(): Promise<void> {
    await this.#sink?.abort();
  }
}
