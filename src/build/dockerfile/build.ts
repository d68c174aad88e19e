import {
  defaultPathEntry,
  hostPlatform,
  isVialError,
  parsePlatform,
  type Platform,
  type SourceRange,
} from "#spec";
import type { SourceTree } from "../copy/source-tree.ts";
import { baseUnknown, buildCanceled } from "../error.ts";
import type { BuiltStage, RootState, Session } from "../session.ts";
import { stepKey } from "../step-key.ts";
import { openRootTree } from "../workspace.ts";
import { baseOf } from "../base-state.ts";
import type { BaseImage } from "../worker.ts";
import { StageBuilder, type StageBase } from "./build-stage.ts";
import type { OpenTree } from "./open-source.ts";
import { RemoteSources } from "./remote.ts";
import { lint, refuseFindings } from "./lint.ts";
import {
  nearestStage,
  readStages,
  type Stage,
  type StageGraph,
  stagesToBuild,
  unusedBuildArgs,
} from "./stages.ts";
import type { Dockerfile } from "./parse.ts";
import type { StageSource } from "./stage-source.ts";

/** Builds the target stage of a Dockerfile, and of the others those that it needs; independent ones side by side. */
export async function buildDockerfile(session: Session, dockerfile: Dockerfile): Promise<BuiltStage> {
  const { options } = session;
  const graph = readStages(dockerfile, {
    buildArgs: options.buildArgs,
    contexts: session.contexts.names,
    ...(options.platform === undefined ? {} : { targetPlatform: options.platform }),
    ...(options.target === undefined ? {} : { target: options.target }),
  });
  refuseFindings(dockerfile, lint(dockerfile));
  for (const name of unusedBuildArgs(dockerfile, options.buildArgs))
    session.reporter.warn(`no ARG takes the --build-arg "${name}"`);
  return await new GraphBuilder(session, graph).build();
}

class GraphBuilder {
  readonly #session: Session;
  readonly #graph: StageGraph;
  readonly #remote: RemoteSources;
  readonly #stages = new Map<number, Promise<BuiltStage>>();
  readonly #images = new Map<string, Promise<{ readonly image: BaseImage; readonly step: number }>>();

  constructor(session: Session, graph: StageGraph) {
    this.#session = session;
    this.#graph = graph;
    this.#remote = new RemoteSources(`${session.worker.folder}/work`);
  }

  async build(): Promise<BuiltStage> {
    const all = stagesToBuild(this.#graph).map((stage) => this.#stage(stage.index));
    try {
      await Promise.all(all);
    } catch (error) {
      // The first failure is the one to tell. It stops the others, and nobody leaves before they have cleaned up.
      this.#session.stop();
      await Promise.allSettled(this.#stages.values());
      throw error;
    }
    return await this.#stage(this.#graph.target.index);
  }

  #stage(index: number): Promise<BuiltStage> {
    let built = this.#stages.get(index);
    if (built === undefined) {
      built = this.#buildStage(this.#graph.stages[index]!);
      built.catch(() => {});
      this.#stages.set(index, built);
    }
    return built;
  }

  async #buildStage(stage: Stage): Promise<BuiltStage> {
    const { base, step } = await this.#base(stage);
    return await new StageBuilder({
      session: this.#session,
      graph: this.#graph,
      stage,
      base,
      baseStep: step,
      openSource: (inStage, from, where) => this.#open(inStage, from, where),
      remote: this.#remote,
    }).build();
  }

  async #base(stage: Stage): Promise<{ readonly base: StageBase; readonly step: number }> {
    const { options } = this.#session;
    const platform = platformOf(stage.platform, options.platform);
    switch (stage.base.kind) {
      case "stage": {
        const built = await this.#stage(stage.base.index);
        return { base: built, step: built.lastStep };
      }
      case "scratch": {
        const latest = options.epoch ?? 0;
        const root: RootState = { key: stepKey("scratch", {}), layers: [], latest };
        const defaults = { Env: [defaultPathEntry], WorkingDir: "/" };
        return { base: { root, base: undefined, layers: [], defaults, history: [], platform }, step: 0 };
      }
      case "context":
      case "image": {
        const name =
          stage.base.kind === "image"
            ? stage.base.reference
            : this.#session.contexts.imageOf(stage.base.name);
        const { image, step } = await this.#image(name, stage, stage.from.range);
        return { base: { ...baseOf(image, options.epoch), platform }, step };
      }
      default:
        return stage.base satisfies never;
    }
  }

  #image(
    name: string,
    stage: Stage,
    where: SourceRange,
  ): Promise<{ readonly image: BaseImage; readonly step: number }> {
    const key = `${name} ${stage.platform ?? ""}`;
    let found = this.#images.get(key);
    if (found === undefined) {
      found = this.#resolve(name, stage, where);
      found.catch(() => {});
      this.#images.set(key, found);
    }
    return found;
  }

  async #resolve(name: string, stage: Stage, where: SourceRange) {
    const { reporter, worker, options } = this.#session;
    const step = reporter.begin({ title: `[${stage.name ?? "base"}] FROM ${name}`, where, needs: [] });
    try {
      const image = await worker.resolveImage(
        name,
        stage.platform === undefined ? options.platform : platformOf(stage.platform, undefined),
        options.signal,
      );
      step.done();
      return { image, step: step.info.number };
    } catch (error) {
      step.failed();
      if (options.signal.aborted) throw buildCanceled();
      if (!isVialError(error) || error.kind === "canceled") throw error;
      throw baseUnknown(name, nearestStage(this.#graph.stages, name), error, where);
    }
  }

  async #open(stage: Stage, from: string | undefined, where: SourceRange): Promise<OpenTree> {
    if (from === undefined)
      return notMounted(await this.#session.contexts.main(where, this.#session.options.signal));
    const source: StageSource = stage.sources.get(from) ?? { kind: "image", reference: from };
    const { worker, options, contexts } = this.#session;
    switch (source.kind) {
      case "stage": {
        const built = await this.#stage(source.index);
        const name = this.#graph.stages[source.index]?.name ?? String(source.index);
        const mounted = await openRootTree(worker, built.root.layers);
        return { ...tree(mounted, `the stage "${name}"`, built.root.key), step: built.lastStep };
      }
      case "context": {
        const named = await contexts.named(source.name, options.signal);
        if (named !== undefined) return notMounted(named);
        return await this.#openImage(contexts.imageOf(source.name), stage, where);
      }
      case "image":
        return await this.#openImage(source.reference, stage, where);
      case "scratch":
        return tree(await openRootTree(worker, []), "scratch", stepKey("scratch", { epoch: options.epoch }));
      default:
        return source satisfies never;
    }
  }

  async #openImage(name: string, stage: Stage, where: SourceRange): Promise<OpenTree> {
    const { image, step } = await this.#image(name, stage, where);
    const { root } = baseOf(image, undefined);
    const mounted = await openRootTree(this.#session.worker, root.layers);
    return { ...tree(mounted, `the image "${name}"`, root.key), step };
  }
}

function tree(mounted: { readonly path: string; close(): void }, title: string, key: string): OpenTree {
  return { root: mounted.path, form: "whole", title, key, close: () => mounted.close() };
}

function notMounted(source: SourceTree): OpenTree {
  return { ...source, key: undefined, close() {} };
}

/** The platform of FROM --platform. */
function platformOf(text: string | undefined, otherwise: Platform | undefined): Platform {
  return text === undefined ? (otherwise ?? hostPlatform()) : parsePlatform(text);
}
