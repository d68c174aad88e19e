import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { type BaseImage, sweepWorkspaces, type Worker } from "#build";
import { enterPrivateMounts, markProcess, sweepTrash, writeAtomic } from "#host";
import { findImage, hasBlob, layerPlace, loadArchive, loadLayout, readBlob, readPath, setRef } from "#image";
import {
  hostPlatform,
  isVialError,
  parseNamed,
  type Platform,
  parseImageConfig,
  parseManifest,
  parseReference,
} from "#spec";
import { bootstrapImage, hostDistribution } from "./bootstrap.ts";
import type { Engine } from "./engine-handle.ts";
import { runProgram, sweepPrograms } from "./build-program.ts";
import { isSifFile, loadSifImage } from "./sif-image.ts";
import { pullImage } from "./images.ts";
import { checkPolicy } from "./policy/policy.ts";
import { unpackStoredLayer, type Warn } from "./layers.ts";
import { fetchOras, openOras } from "./transfer/oras.ts";
import type { CredentialFinder, Report } from "#registry";

// What the room `build` cannot do itself: images from the store and from registries, and programs (build-program.ts).

export interface WorkerOptions {
  readonly pull: "missing" | "always" | "never";
  readonly report: Report;
  readonly warn: Warn;
  /** Default: as this person has signed in. */
  readonly credential?: CredentialFinder;
  readonly signal: AbortSignal;
}

/** The worker of builds in this engine. Sweeps what builds that were killed left. */
export function openWorker(engine: Engine, options: WorkerOptions): Worker {
  const { store, place } = engine;
  const worker: Worker = {
    store,
    folder: `${place.root}/build`,
    mountFolder: `${place.run}/b`,
    resolveImage: (reference, platform, signal) =>
      resolveImage(engine, reference, platform, { ...options, signal }),
    async unpackedLayer(layer) {
      const there = layerPlace(store, layer.diffId);
      if (there !== undefined) return there;
      await unpackStoredLayer(store, layer, options.warn);
      const made = layerPlace(store, layer.diffId);
      if (made === undefined) throw new Error(`the layer ${layer.diffId} did not come to lie unpacked`);
      return made;
    },
    fetchSif: (reference, signal) => fetchSif(engine, worker, reference, { ...options, signal }),
    async loadImage(path, tag) {
      if (isSifFile(path)) return await loadSifImage(engine, worker, path, options.signal);
      await checkPolicy({ path });
      return await loadImage(engine, path, tag);
    },
    bootstrapImage: (wish, output, anew) => bootstrapBase(engine, wish, output, anew, options),
    run: (program) => runProgram(engine, program),
  };
  for (const folder of [worker.folder, worker.mountFolder])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  enterPrivateMounts();
  sweepPrograms(engine);
  sweepWorkspaces(worker, (pid) => markProcess(pid) !== undefined);
  return worker;
}

/** Deletes in the background what builds have set aside. */
export function sweepBuilds(engine: Engine): void {
  sweepTrash(`${engine.place.root}/trash`);
}

async function resolveImage(
  engine: Engine,
  reference: string,
  platform: Platform | undefined,
  options: WorkerOptions,
): Promise<BaseImage> {
  const wanted = platform ?? hostPlatform();
  if (options.pull === "always") await pull(engine, reference, wanted, options);
  let image: ReturnType<typeof findImage>;
  try {
    image = findImage(engine.store, reference, wanted);
  } catch (error) {
    const missing = isVialError(error) && ["image-unknown", "platform-mismatch"].includes(error.code);
    if (!missing || options.pull === "never") throw error;
    try {
      await pull(engine, reference, wanted, options);
    } catch (fault) {
      // It is here for another platform, which is nearer to what the person thinks than a registry that has no such name.
      const isStopped = options.signal.aborted || !isVialError(fault);
      throw error.code === "platform-mismatch" && !isStopped ? error : fault;
    }
    image = findImage(engine.store, reference, wanted);
  }
  const manifest = parseManifest(readBlob(engine.store, image.manifestDigest));
  const diffIds = image.config.rootfs.diff_ids ?? [];
  for (const [index, descriptor] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    if (
      diffId !== undefined &&
      layerPlace(engine.store, diffId) === undefined &&
      hasBlob(engine.store, descriptor.digest)
    )
      await unpackStoredLayer(engine.store, { descriptor, diffId }, options.warn);
  }
  return { manifestDigest: image.manifestDigest, manifest, config: image.config };
}

/** The file lies in the store until the build is done, which holds all content so long. */
async function fetchSif(
  engine: Engine,
  worker: Worker,
  reference: string,
  options: WorkerOptions,
): Promise<BaseImage> {
  const named = parseReference(reference);
  const path = await fetchOras(engine, await openOras(engine, named, options, undefined), named);
  return await loadSifImage(engine, worker, path, options.signal);
}

/**
 * An image of an archive (docker or OCI) or of a layout folder; of several, the one with the tag, else the first. Its
 * names stay in the archive: a recipe moves no name of the store.
 */
async function loadImage(engine: Engine, path: string, tag: string | undefined): Promise<BaseImage> {
  const { store } = engine;
  const loaded = statSync(path).isDirectory()
    ? await loadLayout(store, path, { nameless: true })
    : await loadArchive(store, readPath(path), { subject: path, nameless: true });
  const chosen = loaded.find(
    ({ names }) => tag !== undefined && names.some((name) => name.endsWith(`:${tag}`)),
  );
  const { id, target } = chosen ?? loaded[0]!;
  const manifest = parseManifest(readBlob(store, target.digest));
  return { manifestDigest: target.digest, manifest, config: parseImageConfig(readBlob(store, id)) };
}

async function baseByName(engine: Engine, name: string, options: WorkerOptions): Promise<BaseImage> {
  return await resolveImage(engine, name, undefined, { ...options, pull: "never" });
}

/** A base image from package sources. It is remembered by what was wished, for it takes half a minute to make. */
async function bootstrapBase(
  engine: Engine,
  wish: Parameters<Worker["bootstrapImage"]>[0],
  output: (line: string) => void,
  anew: boolean,
  options: WorkerOptions,
): Promise<BaseImage> {
  const { store, place } = engine;
  const key = new Bun.CryptoHasher("sha256").update(JSON.stringify(wish)).digest("hex").slice(0, 32);
  const record = `${place.root}/build/bases/${key}`;
  if (!anew && existsSync(record)) {
    const id = readFileSync(record, "utf8");
    try {
      return await baseByName(engine, id, options);
    } catch (error) {
      // Removed since: it is made again.
      if (!isVialError(error) || error.code !== "image-unknown") throw error;
    }
  }
  const { mirror, suite } = wish;
  let phase = "";
  const image = await bootstrapImage(
    engine,
    {
      distribution: hostDistribution(),
      suite,
      variant: "apt",
      include: wish.include,
      references: [],
      warn: options.warn,
      ...(mirror === undefined ? {} : { mirror }),
    },
    (step) => {
      if (step.phase !== phase) output(step.phase);
      phase = step.phase;
    },
  );
  setRef(store, undefined, image.descriptor);
  writeAtomic(record, image.id, 0o600);
  return { manifestDigest: image.descriptor.digest, manifest: image.manifest, config: image.config };
}

async function pull(
  engine: Engine,
  reference: string,
  platform: Platform,
  options: WorkerOptions,
): Promise<void> {
  await pullImage(engine, parseNamed(reference), {
    platform,
    report: options.report,
    warn: options.warn,
    signal: options.signal,
    ...(options.credential === undefined ? {} : { credential: options.credential }),
  });
}
