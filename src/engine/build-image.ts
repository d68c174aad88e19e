import { readFileSync } from "node:fs";
import {
  addSingularityFiles,
  type BuildReport,
  buildDeffile,
  buildDockerfile,
  type BuildOptions,
  type BuiltStage,
  type CacheSource,
  type ContextPlace,
  type DeffileOptions,
  isDeffile,
  type LintFinding,
  lint,
  OpenContexts,
  openRootTree,
  ownersFaked,
  parseDockerfile,
  removeFilesFolder,
  type SameTwiceReport,
  Session,
  StepReporter,
  type Worker,
  writeStage,
} from "#build";
import { exportTree, holdContent, readImage, type SavedImage, setRef } from "#image";
import { type Descriptor, type Digest, type ImageConfig, type ImageReference, printFamiliar } from "#spec";
import { debugShell, type ShellDialog } from "./debug-shell.ts";
import { recipeMissing } from "./error.ts";
import { timeOfSteps, trimBuildCache } from "./build-cache.ts";
import { type CachePlace, type CacheTarget, openCacheSource, writeCache } from "./build-cache-places.ts";
import { openWorker, sweepBuilds, type WorkerOptions } from "./builds.ts";
import type { Engine } from "./engine-handle.ts";
import { recordImageEvent } from "./events.ts";

export interface BuildWish extends Omit<BuildOptions, "cacheSources"> {
  readonly cacheFrom: readonly CachePlace[];
  readonly cacheTo: readonly CacheTarget[];
  /** Without a text it lies in the context, under its name. */
  readonly recipe: {
    readonly text: string | undefined;
    readonly name: string;
    readonly path: string | undefined;
  };
  /** Told the recipe's text before it is carried out. */
  readonly recipeRead?: (text: string) => void;
  readonly context: ContextPlace;
  readonly namedContexts: ReadonlyMap<string, string>;
  readonly references: readonly ImageReference[];
  /** What becomes of an image without a name: it is there by its ID, or gone once it is delivered. */
  readonly unnamed: "dangling" | "gone";
  /** Writes the result elsewhere, while nobody can take it away. */
  readonly deliver: (image: BuiltImage) => Promise<void>;
  readonly pull: WorkerOptions["pull"];
  /** What definition files know beside. */
  readonly definition: DeffileOptions;
  /** The image gets the files of /.singularity.d where it has none. */
  readonly singularityFiles: boolean;
  /** `--debug-shell`: how to speak with the person at the terminal. */
  readonly shellDialog?: ShellDialog | undefined;
  /** Bytes of finished steps to keep. */
  readonly cacheLimit: number;
}

export interface BuiltImage {
  readonly id: Digest;
  readonly descriptor: Descriptor;
  /** Milliseconds that the cache has saved. */
  readonly saved: number;
  /** What `checkReproducible` found. */
  readonly sameTwice: SameTwiceReport | undefined;
  /** The image with its names, for outputs that are archives of images. */
  readonly archived: () => SavedImage;
  /** The root file system as a tar stream, for outputs that are no image. */
  readonly files: () => Promise<{ readonly chunks: Iterable<Uint8Array>; close(): void }>;
  /** The root file system as a mounted folder, to be read. */
  readonly folder: () => Promise<{ readonly path: string; close(): void }>;
  readonly config: ImageConfig;
  /** The time of the image: seconds since 1970. */
  readonly seconds: number;
  /** The text of the definition file, if it was made from one. */
  readonly definition: string | undefined;
}

/** Builds an image, gives it its names and delivers it. */
export async function buildImage(
  engine: Engine,
  wish: BuildWish,
  report: BuildReport,
  transfer: Omit<WorkerOptions, "pull" | "signal">,
): Promise<BuiltImage> {
  // What is made, fetched and checked out has the same modes for everybody.
  const umask = process.umask(0o022);
  const before = timeOfSteps(engine);
  try {
    return await buildHeld(engine, wish, report, transfer);
  } finally {
    process.umask(umask);
    // Behind everything that sets something aside, contexts included.
    sweepBuilds(engine);
    // Nothing was added to what is remembered: then it has not grown, and need not be read.
    if (timeOfSteps(engine) !== before) trimBuildCache(engine, wish.cacheLimit);
  }
}

async function buildHeld(
  engine: Engine,
  wish: BuildWish,
  report: BuildReport,
  transfer: Omit<WorkerOptions, "pull" | "signal">,
): Promise<BuiltImage> {
  const { store } = engine;
  const faked = ownersFaked();
  if (faked !== undefined) transfer.warn(faked);
  if (engine.place.moved !== undefined) transfer.warn(engine.place.moved);
  const worker = openWorker(engine, { ...transfer, pull: wish.pull, signal: wish.signal });
  // Until a name leads to it, and the cache to its layers, what is made belongs to nobody.
  using _hold = holdContent(store);
  using contexts = new OpenContexts(worker, {
    main: wish.context,
    named: wish.namedContexts,
    recipe: wish.recipe.path,
    recipeName: wish.recipe.name,
  });
  const { warn, credential } = transfer;
  const transferOptions = { warn, signal: wish.signal, ...(credential === undefined ? {} : { credential }) };
  const options = {
    ...wish,
    debugShell: debugShell(engine, wish.shellDialog, wish.signal),
    cacheSources: await openSources(engine, worker, wish.cacheFrom, transferOptions),
  };
  const session = new Session(worker, options, new StepReporter(report), contexts);
  try {
    const { name } = wish.recipe;
    const text = wish.recipe.text ?? (await contexts.recipe(name, wish.signal));
    if (text === undefined) throw recipeMissing(name);
    wish.recipeRead?.(text);
    const isDefinition = isDeffile(text, name);
    const built = isDefinition
      ? await buildDeffile(session, text, name, wish.definition)
      : await buildDockerfile(session, parseDockerfile(text, name));
    const stage = wish.singularityFiles ? await addSingularityFiles(session, built, text) : built;
    const image = writeStage(session, stage);
    const { descriptor } = image;
    if (wish.references.length === 0 && wish.unnamed === "dangling") setRef(store, undefined, descriptor);
    for (const reference of wish.references) {
      setRef(store, reference, descriptor);
      recordImageEvent(engine, "tag", image.id, printFamiliar(reference));
    }
    const result: BuiltImage = {
      id: image.id,
      descriptor,
      saved: session.saved,
      sameTwice: session.sameTwice?.report,
      archived: () => ({
        image: readImage(store, [], descriptor, descriptor),
        references: wish.references,
      }),
      files: () => filesOf(session, stage),
      folder: () => openRootTree(worker, stage.root.layers),
      config: image.config,
      seconds: session.options.epoch ?? stage.root.latest,
      definition: isDefinition ? text : undefined,
    };
    await wish.deliver(result);
    for (const target of wish.cacheTo)
      await writeCache(engine, session, target, image.manifest.layers, transferOptions);
    return result;
  } finally {
    removeFilesFolder(worker);
  }
}

async function openSources(
  engine: Engine,
  worker: Worker,
  places: readonly CachePlace[],
  options: Parameters<typeof openCacheSource>[3],
): Promise<readonly CacheSource[]> {
  const opened = await Promise.all(places.map((place) => openCacheSource(engine, worker, place, options)));
  return opened.filter((source) => source !== undefined);
}

async function filesOf(session: Session, stage: BuiltStage) {
  const root = await openRootTree(session.worker, stage.root.layers);
  return {
    chunks: exportTree(root.path, { latest: session.options.epoch ?? stage.root.latest }),
    close: () => root.close(),
  };
}

/** What can be bettered in a Dockerfile. */
export function lintRecipe(text: string, name: string): readonly LintFinding[] {
  return lint(parseDockerfile(text, name)).findings;
}

/** The text of a recipe. Undefined: there is no such file. */
export function readRecipe(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
