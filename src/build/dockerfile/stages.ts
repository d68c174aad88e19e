import { nearest } from "#kit";
import { hostPlatform, type Platform } from "#spec";
import { fromMissing, platformEmpty, targetUnknown } from "./error.ts";
import { automaticArgs, platformArgs, proxyArgs } from "./arguments.ts";
import { expandWord, type Variables } from "./expand.ts";
import type { ArgInstruction, FromInstruction, StageInstruction, StageName } from "./instruction.ts";
import type { Dockerfile } from "./parse.ts";
import { startScope, variablesOf, withArg } from "./scope.ts";
import { type StageText, splitStages } from "./split-stages.ts";
import { orderStages } from "./stage-order.ts";
import { findBase, findSource, type StageSource, type Surroundings, sourcesOf } from "./stage-source.ts";

/** One FROM and what stands below it. */
export interface Stage {
  /** From zero. */
  readonly index: number;
  readonly name?: StageName;
  readonly from: FromInstruction;
  readonly base: StageSource;
  /** As written, with the variables put in. */
  readonly platform?: string;
  readonly instructions: readonly StageInstruction[];
  /** The sources of COPY --from= and RUN --mount=from=, by the text behind "from". */
  readonly sources: ReadonlyMap<string, StageSource>;
  /** The stages that have to be built before, without those that they need in turn. */
  readonly needs: readonly number[];
}

export interface StageGraph {
  readonly dockerfile: Dockerfile;
  /** The ARGs above the first FROM with their values, and the automatic ones. */
  readonly global: Variables;
  readonly stages: readonly Stage[];
  /** The one to build. */
  readonly target: Stage;
}

export interface StageOptions {
  /** `--build-arg`. */
  readonly buildArgs?: Variables;
  /** The names of `--build-context`: they win over stages and images. */
  readonly contexts?: readonly string[];
  readonly buildPlatform?: Platform;
  readonly targetPlatform?: Platform;
  /** A name or a number; the last stage by default. */
  readonly target?: string;
}

/** Finds out which stage needs which, and puts the variables into the FROMs. */
export function readStages(dockerfile: Dockerfile, options: StageOptions = {}): StageGraph {
  const { globals, stages: texts } = splitStages(dockerfile);
  if (texts.length === 0) throw fromMissing(dockerfile.file);
  const global = globalArgs(dockerfile, globals, options);
  const around: Surroundings = {
    stages: texts,
    names: texts.map((text) => text.from.name),
    contexts: options.contexts ?? [],
  };
  const stages = texts.map((text, index) => {
    const word = (part: string) => expandWord(part, global, dockerfile.directives.escape, text.from.range);
    return readStage(text, index, around, word);
  });
  orderStages(stages, stages);
  return { dockerfile, global, stages, target: findTarget(stages, options.target) };
}

function globalArgs(
  dockerfile: Dockerfile,
  globals: readonly ArgInstruction[],
  options: StageOptions,
): Variables {
  const build = options.buildPlatform ?? hostPlatform();
  const automatic = platformArgs(build, options.targetPlatform ?? build, options.target ?? "default");
  const { escape: escapeCharacter } = dockerfile.directives;
  const sources = {
    given: options.buildArgs ?? new Map<string, string>(),
    global: automatic,
    escape: escapeCharacter,
  };
  const scope = globals.reduce((current, arg) => withArg(current, arg, sources), {
    ...startScope(new Map()),
    args: automatic,
  });
  return variablesOf(scope);
}

function readStage(
  text: StageText,
  index: number,
  around: Surroundings,
  word: (part: string) => string,
): Stage {
  const { from, instructions } = text;
  const base = findBase(from, word(from.image), index, around);
  const platform = from.platform === undefined ? undefined : word(from.platform);
  if (platform === "") throw platformEmpty(from.platform ?? "", from.range);
  const sources = new Map<string, StageSource>();
  for (const instruction of instructions)
    for (const name of sourcesOf(instruction)) sources.set(name, findSource(name, instruction, around));
  const needs = [base, ...sources.values()].flatMap((source) =>
    source.kind === "stage" ? [source.index] : [],
  );
  return {
    index,
    ...(from.name === undefined ? {} : { name: from.name }),
    from,
    base,
    ...(platform === undefined ? {} : { platform }),
    instructions,
    sources,
    needs: [...new Set(needs)],
  };
}

function findTarget(stages: readonly Stage[], target: string | undefined): Stage {
  const last = stages.at(-1)!;
  if (target === undefined || target === "") return last;
  const wanted = target.toLowerCase();
  const found =
    stages.findLast((stage) => stage.name === wanted) ??
    (/^\d+$/.test(target) ? stages[Number(target)] : undefined);
  if (found !== undefined) return found;
  throw targetUnknown(target, namesOf(stages), nearestStage(stages, target));
}

/** The stages to build, each after those that it needs. Others are left alone. */
export function stagesToBuild(graph: StageGraph): readonly Stage[] {
  return orderStages(graph.stages, [graph.target]);
}

/** The stage that was meant by a name that turned out to be no image. */
export function nearestStage(stages: readonly Stage[], name: string): string | undefined {
  return nearest(name.toLowerCase(), namesOf(stages));
}

function namesOf(stages: readonly Stage[]): readonly string[] {
  return stages.flatMap((stage) => stage.name ?? []);
}

/** The `--build-arg`s that neither an ARG nor the builder itself takes: most often they are misspelt. */
export function unusedBuildArgs(dockerfile: Dockerfile, buildArgs: Variables): readonly string[] {
  const declared = new Set(
    dockerfile.instructions.flatMap((one) => (one.kind === "arg" ? one.args.map((arg) => arg.name) : [])),
  );
  const isOurs = (name: string) =>
    [...proxyArgs, ...automaticArgs, "SOURCE_DATE_EPOCH"].includes(name) || name.startsWith("BUILDKIT_");
  return [...buildArgs.keys()].filter((name) => !declared.has(name) && !isOurs(name));
}
