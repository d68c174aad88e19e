import { writeSync } from "node:fs";
import { parseDockerfile, splitStages } from "#build";
import type { Place } from "#host";
import { readDescriptor } from "#image";
import { isVialError, parsePlatform, parseReference, reasonOf } from "#spec";
import { buildCacheLimit } from "../build-cache.ts";
import { type BuildWish, buildImage } from "../build-image.ts";
import { type Engine, openEngine } from "../engine-handle.ts";
import { buildOrderMissing } from "../error.ts";
import type { BuildLine, BuildOrder, PlannedInstruction, PrintedError } from "./order.ts";

// The build's own process: reads the order and the context from standard input, and tells on standard output.

const longestOrder = 32 << 20;

/** Carries out the order on standard input, until the signal fires. Gives the exit code. */
export async function performBuild(place: Place, signal: AbortSignal): Promise<number> {
  try {
    const { order, head } = await readOrder();
    const id = await build(openEngine(place), order, head, signal);
    tell({ kind: "built", id });
    return 0;
  } catch (error) {
    tell({ kind: "refused", error: printError(error) });
    return 1;
  }
}

async function readOrder(): Promise<{ readonly order: BuildOrder; readonly head: Uint8Array }> {
  let read = Buffer.alloc(0);
  for await (const bytes of readDescriptor(0)) {
    read = Buffer.concat([read, bytes]);
    const end = read.indexOf(10);
    if (end >= 0)
      return {
        order: JSON.parse(read.toString("utf8", 0, end)) as BuildOrder,
        head: read.subarray(end + 1),
      };
    if (read.length > longestOrder) break;
  }
  throw buildOrderMissing();
}

async function build(
  engine: Engine,
  order: BuildOrder,
  head: Uint8Array,
  signal: AbortSignal,
): Promise<string> {
  const credentials = new Map(order.credentials);
  const built = await buildImage(engine, wishOf(order, head, signal), (event) => tell(event), {
    report: (event) => tell({ kind: "transfer", event }),
    warn: (sentence) => tell({ kind: "warning", sentence }),
    credential: async (host) => credentials.get(host),
  });
  return built.id;
}

function wishOf(order: BuildOrder, head: Uint8Array, signal: AbortSignal): BuildWish {
  const { context, platform } = order;
  const buildArgs = new Map(order.buildArgs);
  const epoch = buildArgs.get("SOURCE_DATE_EPOCH") ?? "";
  return {
    recipe: { text: undefined, name: order.recipe, path: undefined },
    recipeRead: (text) => tell({ kind: "planned", instructions: plannedOf(text, order.recipe) }),
    context: context.kind === "archive" ? { kind: "archive", fd: 0, head } : context,
    namedContexts: new Map(),
    references: order.names.map(parseReference),
    unnamed: "dangling",
    deliver: async () => {},
    definition: { argumentFile: undefined, runsTests: true, force: false, folder: "/" },
    singularityFiles: false,
    pull: order.pull ? "always" : "missing",
    cacheLimit: buildCacheLimit(),
    cacheFrom: order.cacheFrom.map((name) => ({ kind: "registry", reference: parseReference(name) })),
    cacheTo: [],
    buildArgs,
    target: order.target,
    platform: platform === undefined ? undefined : parsePlatform(platform),
    labels: order.labels,
    noCache: order.noCache,
    checkReproducible: false,
    secrets: new Map(),
    agents: new Map(),
    network: order.network,
    epoch: /^\d{1,12}$/.test(epoch) ? Number(epoch) : undefined,
    extraHosts: order.extraHosts,
    shmSize: order.shmSize,
    resources: order.resources,
    ulimits: order.ulimits,
    signal,
  };
}

/** Nothing for what cannot be read: the build itself says why. */
function plannedOf(text: string, name: string): readonly PlannedInstruction[] {
  try {
    const { globals, stages } = splitStages(parseDockerfile(text, name));
    const planned =
      (stage: number) =>
      (instruction: { readonly range: { readonly from: number }; readonly line: string }) => ({
        line: instruction.range.from,
        text: instruction.line,
        stage,
      });
    return [
      ...globals.map(planned(-1)),
      ...stages.flatMap(({ from, instructions }, stage) => [from, ...instructions].map(planned(stage))),
    ];
  } catch (error) {
    if (isVialError(error)) return [];
    throw error;
  }
}

function tell(line: BuildLine): void {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(1, bytes, done);
    } catch (error) {
      // Who reads may have set the pipe so that it does not wait.
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Bun.sleepSync(2);
    }
  }
}

function printError(error: unknown): PrintedError {
  if (!isVialError(error)) return { kind: "internal", code: "internal", what: reasonOf(error) };
  const { kind, code, message, why, where, cause } = error;
  return {
    ...{ kind, code, what: message, why, where },
    ...(isVialError(cause) ? { cause: printError(cause) } : {}),
  };
}
