import { availableParallelism } from "node:os";
import { readFileSync } from "node:fs";
import { canDisorder } from "#host";
import {
  blobPath,
  compareLayers,
  decompress,
  type LayerBlob,
  type LayerDifference,
  readPath,
  sniffStream,
} from "#image";
import { isVialError } from "#spec";
import type { RunningStep, StepInfo, StepReporter } from "../event.ts";
import type { RootState, StepAct } from "../session.ts";
import type { Worker } from "../worker.ts";
import { tryLayer, type Variation } from "../workspace.ts";
import { type BuildTimes, excerpts, type LikelyCause, likelyCause } from "./likely-cause.ts";
import { findDates } from "./dates.ts";

// `--check-reproducible`: every step is done a second time, from the same files, under other conditions. Step by step and
// not the whole build twice, because then a difference is found where it comes from: with two whole builds everything
// behind the first difference would differ too. What each step gets is the same by the digests of its key; so where each
// step does the same twice, the whole does.

export interface FoundDifference {
  /** Absolute, in the image; or what else differs, in words. */
  readonly path: string;
  /** How, in a few words. */
  readonly how: string;
  readonly likely: LikelyCause;
}

export interface StepDifference {
  readonly step: StepInfo;
  /** The first ones; `count` tells of how many. */
  readonly differences: readonly FoundDifference[];
  readonly count: number;
}

/** A file that was the same twice and has the date of today in it, so that it will not be tomorrow. */
export interface DatedFile {
  readonly step: StepInfo;
  readonly path: string;
  readonly date: string;
}

export interface SameTwiceReport {
  /** Steps that were done twice. */
  readonly checked: number;
  readonly differing: readonly StepDifference[];
  readonly dated: readonly DatedFile[];
  /** What was different the second time, in words. */
  readonly varied: readonly string[];
  /** What was not, and why. */
  readonly notVaried: readonly string[];
}

const shownDifferences = 20;
/** Of files that differ so much is looked at. */
const lookedAt = 4 << 20;
/** Many formats keep whole seconds. */
const apart = 1100;

/** Does steps a second time, and collects what was not the same. */
export class SameTwice {
  readonly #worker: Worker;
  readonly #reporter: StepReporter;
  readonly #variation: Variation;
  readonly #differing: StepDifference[] = [];
  readonly #dated: DatedFile[] = [];
  #checked = 0;

  constructor(worker: Worker, reporter: StepReporter) {
    this.#worker = worker;
    this.#reporter = reporter;
    this.#variation = { cpus: oneCpu(), disorder: canDisorder() };
  }

  get report(): SameTwiceReport {
    const { cpus, disorder } = this.#variation;
    const all: readonly (readonly [done: boolean, what: string, whyNot: string])[] = [
      [true, "the clock (by seconds)", ""],
      [cpus !== undefined, "the number of CPUs (one)", "it takes root and a second CPU"],
      [disorder, "the order of files in folders", "it takes root and the package disorderfs"],
    ];
    return {
      checked: this.#checked,
      differing: this.#differing.toSorted((a, b) => a.step.number - b.step.number),
      dated: this.#dated,
      varied: all.filter(([done]) => done).map(([, what]) => what),
      notVaried: all.filter(([done]) => !done).map(([, what, why]) => `${what}: ${why}`),
    };
  }

  /** Does the step again. `ranAt`: when it ran in this build, in milliseconds since 1970; undefined: in an earlier one. */
  async check(
    step: RunningStep,
    root: RootState,
    below: readonly LayerBlob[],
    act: StepAct,
    made: { readonly layer: LayerBlob | null; readonly carried?: string },
    ranAt: number | undefined,
  ): Promise<void> {
    const { info } = step;
    if (step.runsProgram && ranAt !== undefined) await Bun.sleep(Math.max(0, ranAt + apart - Date.now()));
    const { number, ...rest } = info;
    const again = this.#reporter.begin({ ...rest, title: `${info.title} (again)`, needs: [number] });
    const began = Date.now();
    this.#checked++;
    try {
      let carried: string | undefined;
      const found = await tryLayer(
        this.#worker,
        below,
        { latest: root.latest, variation: this.#variation },
        async (space) => {
          carried = (await act(space, again)) ?? undefined;
        },
        async (open) => await this.#compare(info, made.layer, open),
      );
      const all = [
        ...found,
        ...(carried === made.carried
          ? []
          : [stateDifference(Buffer.from(made.carried ?? ""), Buffer.from(carried ?? ""))]),
      ];
      if (all.length === 0) {
        again.done();
        return;
      }
      const times: BuildTimes = {
        from: Math.floor((ranAt ?? began - yearOfMilliseconds) / 1000),
        to: Math.ceil(Date.now() / 1000),
        cpus: [availableParallelism(), 1],
      };
      this.#differing.push({
        step: info,
        count: all.length,
        differences: all.slice(0, shownDifferences).map((difference) => describe(difference, times)),
      });
      again.failed();
    } catch (error) {
      again.failed();
      if (!isVialError(error) || error.code !== "build-step-failed") throw error;
      this.#differing.push({
        step: info,
        count: 1,
        differences: [
          {
            path: "(the second run)",
            how: `failed, and the first did not: ${error.why ?? error.message}`,
            likely: {
              cause: "unknown",
              because: "it does not always work",
              next: "look into what it printed above",
            },
          },
        ],
      });
    }
  }

  async #compare(
    step: StepInfo,
    layer: LayerBlob | null,
    open: () => Iterable<Buffer>,
  ): Promise<readonly LayerDifference[]> {
    const hasher = new Bun.CryptoHasher("sha256");
    let length = 0;
    for (const bytes of open()) {
      hasher.update(bytes);
      length += bytes.length;
    }
    const digest = length === 0 ? undefined : `sha256:${hasher.digest("hex")}`;
    if (digest === layer?.diffId) {
      for (const dated of await findDates(open(), new Date()))
        if (this.#dated.length < shownDifferences) this.#dated.push({ step, ...dated });
      return [];
    }
    return await compareLayers(() => this.#bytesOf(layer), open, lookedAt);
  }

  async *#bytesOf(layer: LayerBlob | null): AsyncGenerator<Uint8Array, void> {
    if (layer === null) return;
    const { compression, bytes } = await sniffStream(
      readPath(blobPath(this.#worker.store, layer.descriptor.digest)),
    );
    yield* decompress(bytes, compression);
  }
}

const yearOfMilliseconds = 366 * 86_400_000;

function describe(difference: LayerDifference, times: BuildTimes): FoundDifference {
  const { path, kind, first, second, says } = difference;
  const likely = likelyCause(difference, times);
  const shown = path === "" || path.startsWith("(") ? path || "(the order of the files)" : `/${path}`;
  if (kind === "only-first") return { path: shown, how: "is there in the first run alone", likely };
  if (kind === "only-second") return { path: shown, how: "is there in the second run alone", likely };
  if (kind === "content" && first !== undefined && second !== undefined) {
    const [a, b] = excerpts(first, second);
    return { path: shown, how: `its content: ${JSON.stringify(a)}, then ${JSON.stringify(b)}`, likely };
  }
  const [a = "", b = ""] = says ?? [];
  return {
    path: shown,
    how: kind === "content" || kind === "order" ? `its ${kind}` : `its ${kind}: ${a}, then ${b}`,
    likely,
  };
}

/** What a command of %post hands to the next is a part of what it does. */
function stateDifference(first: Buffer, second: Buffer): LayerDifference {
  return { path: "(the variables of the shell)", kind: "content", first, second };
}

/** The first processor that this process may use; undefined: programs cannot be held to it here. */
function oneCpu(): string | undefined {
  if (process.geteuid?.() !== 0 || availableParallelism() < 2) return undefined;
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return allowed;
}
