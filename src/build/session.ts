import type { LayerBlob } from "#image";
import type { Resources, Ulimit } from "#runtime";
import type {
  Digest,
  ImageConfig,
  ContainerDefaults,
  HistoryEntry,
  Manifest,
  Platform,
  SourceRange,
} from "#spec";
import { SameTwice } from "./check/same-twice.ts";
import type { SourceTree } from "./copy/source-tree.ts";
import type { Variables } from "./dockerfile/expand.ts";
import type { RunningStep, StepInfo, StepReporter } from "./event.ts";
import { buildCanceled } from "./error.ts";
import { recallStep, rememberStep } from "./step-cache.ts";
import type { StepResult } from "./step-record.ts";
import type { ProgramRun, Worker } from "./worker.ts";
import { makeLayer, type Workspace } from "./workspace.ts";

/** Files that a person gives to RUN --mount=type=secret. */
export type SecretSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "environment"; readonly name: string };

export interface BuildOptions {
  readonly buildArgs: Variables;
  readonly target: string | undefined;
  readonly platform: Platform | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly noCache: boolean;
  readonly secrets: ReadonlyMap<string, SecretSource>;
  /** Sockets of ssh agents by id. */
  readonly agents: ReadonlyMap<string, string>;
  readonly network: "default" | "none" | "host";
  /** SOURCE_DATE_EPOCH: seconds since 1970. */
  readonly epoch: number | undefined;
  readonly extraHosts: readonly string[];
  readonly shmSize: number | undefined;
  /** What each program of the recipe may use. */
  readonly resources?: Resources;
  readonly ulimits?: readonly Ulimit[];
  readonly signal: AbortSignal;
  /** Opens a shell in the state right before a program that failed. Undefined: no shell is wanted. */
  readonly debugShell?: DebugShell | undefined;
  /** Does every step a second time, to see whether it does the same. */
  readonly checkReproducible: boolean;
  /** Caches beside the own one, asked in this order. */
  readonly cacheSources: readonly CacheSource[];
}

/** What steps have made elsewhere. */
export interface CacheSource {
  /** The result of the step with this key, its layer in the store and unpacked. */
  find(key: string): Promise<StepResult | undefined>;
}

export type DebugShell = (
  program: Omit<ProgramRun, "output" | "signal">,
  failed: {
    readonly title: string;
    readonly where: SourceRange | undefined;
    /** The program of SHELL. */
    readonly shell: string;
    readonly why: string;
  },
) => Promise<"retry" | "give up">;

/** What a root file system is made of so far. */
export interface RootState {
  /** A digest over everything that led here. */
  readonly key: string;
  /** Bottom first, those of the base image included. */
  readonly layers: readonly LayerBlob[];
  /** The latest time of a file in a new layer: seconds since 1970. */
  readonly latest: number;
}

/** A stage that is done. */
export interface BuiltStage {
  readonly root: RootState;
  readonly base:
    | { readonly manifest: Manifest; readonly config: ImageConfig; readonly digest: Digest }
    | undefined;
  /** The layers above the base. */
  readonly layers: readonly LayerBlob[];
  readonly defaults: ContainerDefaults;
  /** Of the steps above the base, without times. */
  readonly history: readonly HistoryEntry[];
  readonly platform: Platform;
  /** The number of its last step. */
  readonly lastStep: number;
}

/** What a step does to its workspace. It may leave a text for the step behind it, which is remembered with it. */
export type StepAct = (
  space: Workspace,
  step: RunningStep,
  // biome-ignore lint/suspicious/noConfusingVoidType: most steps leave nothing
) => Promise<string | void> | string | void;

type Made = Pick<StepResult, "layer" | "carried">;

export interface StepOptions {
  /** The layers that it sees, when these are not all that are there. */
  readonly onBase?: readonly LayerBlob[];
  /** Never taken from the cache. */
  readonly always?: boolean;
  /** What it changes goes nowhere, so that it need not be the same twice. */
  readonly unchecked?: boolean;
}

export interface StepEnd extends Made {
  readonly root: RootState;
  /** The number of the step. */
  readonly number: number;
}

/** One build: what all its steps share. */
export class Session {
  readonly worker: Worker;
  readonly options: BuildOptions;
  readonly reporter: StepReporter;
  readonly contexts: Contexts;
  /** Steps that are under way: two stages that do the same do it once. */
  readonly #running = new Map<string, Promise<Made>>();
  readonly #stopper = new AbortController();
  /** Undefined: it is not asked for. */
  readonly sameTwice: SameTwice | undefined;
  saved = 0;
  /** What the steps of this build have made, or had made before, by their keys. */
  readonly results = new Map<string, StepResult>();

  constructor(worker: Worker, options: BuildOptions, reporter: StepReporter, contexts: Contexts) {
    this.worker = worker;
    this.options = { ...options, signal: AbortSignal.any([options.signal, this.#stopper.signal]) };
    this.reporter = reporter;
    this.contexts = contexts;
    this.sameTwice = options.checkReproducible ? new SameTwice(worker, reporter) : undefined;
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stopper.abort();
  }

  /**
   * A step that changes files: taken from the cache, or done by `act` in a workspace above `root`. Gives the state after
   * it, and whether it has a layer.
   */
  async step(
    root: RootState,
    info: Omit<StepInfo, "number">,
    key: string,
    act: StepAct,
    options: StepOptions = {},
  ): Promise<StepEnd> {
    if (this.options.signal.aborted) throw buildCanceled();
    const step = this.reporter.begin(info);
    const made = await this.#madeBy(root, step, key, act, options);
    const layers = made.layer === null ? root.layers : [...root.layers, made.layer];
    return { ...made, root: { ...root, key, layers }, number: step.info.number };
  }

  async #madeBy(
    root: RootState,
    step: RunningStep,
    key: string,
    act: StepAct,
    options: StepOptions,
  ): Promise<Made> {
    const { worker } = this;
    const mayRecall = !this.options.noCache && options.always !== true;
    const known = mayRecall
      ? (recallStep(worker.store, worker.folder, key) ?? (await this.#findElsewhere(key)))
      : undefined;
    const below = options.onBase ?? root.layers;
    const check = async (made: Made, ranAt: number | undefined) => {
      if (options.unchecked !== true) await this.sameTwice?.check(step, root, below, act, made, ranAt);
    };
    if (known !== undefined) {
      this.results.set(key, known);
      this.saved += known.took;
      step.cached(known.took);
      await check(known, undefined);
      return known;
    }
    const running = this.#running.get(key);
    if (running !== undefined) {
      const made = await running;
      step.cached(0);
      return made;
    }
    const ranAt = Date.now();
    const work = this.#make(root, step, act, below);
    this.#running.set(key, work);
    // Whoever waits for it sees the error; without a waiter it must not be an unhandled one.
    work.catch(() => {});
    let made: Made;
    try {
      made = await work;
      const took = step.done();
      const result = { ...made, took, title: step.info.title };
      rememberStep(worker.folder, key, result);
      this.results.set(key, result);
    } catch (error) {
      step.failed();
      throw error;
    } finally {
      this.#running.delete(key);
    }
    await check(made, ranAt);
    return made;
  }

  async #findElsewhere(key: string): Promise<StepResult | undefined> {
    for (const source of this.options.cacheSources) {
      const found = await source.find(key);
      if (found === undefined) continue;
      rememberStep(this.worker.folder, key, found);
      return found;
    }
    return undefined;
  }

  async #make(root: RootState, step: RunningStep, act: StepAct, below: readonly LayerBlob[]): Promise<Made> {
    let carried: string | undefined;
    const layer = await makeLayer(this.worker, below, { latest: root.latest }, async (space) => {
      carried = (await act(space, step)) ?? undefined;
    });
    return { layer, ...(carried === undefined ? {} : { carried }) };
  }
}

/** Where files to copy come from, beside stages and images. */
export interface Contexts {
  /** The build context: the folder, archive or repository of the command line. */
  main(where: SourceRange | undefined, signal: AbortSignal): Promise<SourceTree>;
  /** A context of `--build-context`; undefined: it is an image or unknown. */
  named(name: string, signal: AbortSignal): Promise<SourceTree | undefined>;
  /** Which image such a name stands for. */
  imageOf(name: string): string;
  readonly names: readonly string[];
}
