import { defaultPathEntry, type HistoryEntry, type SourceRange } from "#spec";
import { digestSources } from "../copy/digest.ts";
import { performCopy } from "../copy/perform.ts";
import { selectSources } from "../copy/select.ts";
import type { SourceTree } from "../copy/source-tree.ts";
import { located } from "../located.ts";
import type { BuiltStage, RootState, Session, StepEnd } from "../session.ts";
import { stepKey } from "../step-key.ts";
import type { DeffileOptions } from "./build.ts";
import type { Deffile, DeffileStage } from "./deffile.ts";
import { putEntries } from "./put-entries.ts";

const environmentFile = "/.singularity.d/env/91-environment.sh";
/** Where %post leaves labels; it does not stay in the image. */
export const labelsFile = "/.build.labels";

/** How far a stage is, to go back to. */
export interface StageMark {
  readonly root: RootState;
  readonly layers: number;
  readonly history: number;
}

/** The root of a stage as its steps change it, and what they leave: layers and history. */
export class StageSteps {
  readonly session: Session;
  readonly deffile: Deffile;
  readonly stage: DeffileStage;
  readonly earlier: readonly BuiltStage[];
  readonly options: DeffileOptions;
  readonly layers: BuiltStage["layers"][number][] = [];
  readonly history: HistoryEntry[] = [];
  root: RootState = { key: stepKey("scratch", {}), layers: [], latest: 0 };
  base: BuiltStage["base"];
  /** The number of the last step; the next one waits for it. */
  lastStep = 0;

  constructor(given: {
    readonly session: Session;
    readonly deffile: Deffile;
    readonly stage: DeffileStage;
    readonly earlier: readonly BuiltStage[];
    readonly options: DeffileOptions;
  }) {
    this.session = given.session;
    this.deffile = given.deffile;
    this.stage = given.stage;
    this.earlier = given.earlier;
    this.options = given.options;
  }

  /** What stands before the titles of steps, where there are several stages. */
  get title(): string {
    if (this.deffile.stages.length === 1) return "";
    return `[${this.stage.name ?? this.stage.index}] `;
  }

  mark(): StageMark {
    return { root: this.root, layers: this.layers.length, history: this.history.length };
  }

  goBack(mark: StageMark): void {
    this.root = mark.root;
    this.layers.length = mark.layers;
    this.history.length = mark.history;
  }

  /** Does one step, or takes it from the cache. Returns what it carries to the next. */
  async step(
    title: string,
    where: SourceRange | undefined,
    key: string,
    act: Parameters<Session["step"]>[3],
    options: { readonly always?: boolean } = {},
  ): Promise<string | undefined> {
    const info = {
      title: `${this.title}${title}`,
      ...(where === undefined ? {} : { where }),
      needs: this.lastStep > 0 ? [this.lastStep] : [],
    };
    let done: StepEnd;
    try {
      done = await this.session.step(this.root, info, key, act, options);
    } catch (error) {
      throw located(error, title, where);
    }
    this.root = done.root;
    this.lastStep = done.number;
    if (done.layer === null) this.history.push({ created_by: title, empty_layer: true });
    else {
      this.layers.push(done.layer);
      this.history.push({ created_by: title });
    }
    return done.carried;
  }

  /** Puts files that are made from the recipe into the root. */
  async entries(title: string, entries: Parameters<typeof putEntries>[1], where: SourceRange): Promise<void> {
    const key = stepKey("entries", {
      base: this.root.key,
      entries: entries.map((entry) => ({ ...entry })),
      latest: this.root.latest,
    });
    await this.step(title, headOf(where), key, (space) =>
      putEntries(space.rootfs, entries, this.root.latest),
    );
  }

  /** Copies files into the root; a folder gives its contents, or goes as a whole. */
  async copy(
    title: string,
    tree: SourceTree,
    sources: readonly string[],
    destination: string,
    where: SourceRange,
    contents: boolean,
  ): Promise<void> {
    let selected: ReturnType<typeof selectSources>;
    let content: string;
    try {
      selected = selectSources(tree, sources, { excludes: [], parents: false }, where);
      content = digestSources(tree, selected);
    } catch (error) {
      throw located(error, title, where);
    }
    const key = stepKey("files", {
      base: this.root.key,
      content,
      destination,
      contents,
      latest: this.root.latest,
    });
    await this.step(title, where, key, (space) =>
      performCopy(space.rootfs, {
        tree,
        sources: selected,
        files: [],
        destination: destination.startsWith("/") ? destination : `/${destination}`,
        parents: false,
        unpack: false,
        folders: contents ? "contents" : "whole",
        ownership: { time: this.root.latest },
        where,
      }),
    );
  }
}

/** The environment of what runs in the root while it is made. */
export function scriptEnvironment(steps: StageSteps): readonly string[] {
  const own = steps.base?.config.config?.Env ?? [];
  const path = own.find((entry) => entry.startsWith("PATH="));
  return [
    path ?? defaultPathEntry,
    "HOME=/root",
    ...own.filter((entry) => !entry.startsWith("PATH=")),
    `APPTAINER_ENVIRONMENT=${environmentFile}`,
    `SINGULARITY_ENVIRONMENT=${environmentFile}`,
    `APPTAINER_LABELS=${labelsFile}`,
    `SINGULARITY_LABELS=${labelsFile}`,
    `SOURCE_DATE_EPOCH=${steps.root.latest}`,
  ];
}

/** The first line alone: the error is about the header. */
export function headOf(where: SourceRange): SourceRange {
  return { ...where, to: where.from };
}
