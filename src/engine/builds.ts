import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { type BaseImage, type ProgramEnd, type ProgramRun, sweepWorkspaces, type Worker } from "#build";
import { enterPrivateMounts, markProcess, sweepTrash, terminalSize, writeAtomic } from "#host";
import { findImage, hasBlob, layerPlace, loadArchive, loadLayout, readBlob, readPath, setRef } from "#image";
import type { ContainerSpec } from "#runtime";
import { hostPlatform, isVialError, parseNamed, type Platform, parseImageConfig, parseManifest } from "#spec";
import { makeSpec } from "./container/create.ts";
import { driverOf } from "./container/driver.ts";
import { type ContainerFolder, newContainerId } from "./container/folder.ts";
import { clearBundle, launch, makeConfig } from "./container/prepare.ts";
import { StartFailure } from "./container/start-failure.ts";
import { bootstrapImage, hostDistribution } from "./bootstrap.ts";
import type { Engine } from "./engine-handle.ts";
import { pullImage } from "./images.ts";
import { unpackStoredLayer, type Warn } from "./layers.ts";
import type { Report } from "#registry";

// What the room `build` cannot do itself: images from the store and from registries, programs in containers.

export interface WorkerOptions {
  readonly pull: "missing" | "always" | "never";
  readonly report: Report;
  readonly warn: Warn;
  readonly signal: AbortSignal;
}

/** The worker of builds in this engine. Sweeps what builds that were killed left. */
export function openWorker(engine: Engine, options: WorkerOptions): Worker {
  const { store, place } = engine;
  const worker: Worker = {
    store,
    folder: `${place.root}/build`,
    mountFolder: `${place.run}/b`,
    resolveImage: (reference, platform) => resolveImage(engine, reference, platform, options),
    async unpackedLayer(layer) {
      const there = layerPlace(store, layer.diffId);
      if (there !== undefined) return there;
      await unpackStoredLayer(store, layer, options.warn);
      const made = layerPlace(store, layer.diffId);
      if (made === undefined) throw new Error(`the layer ${layer.diffId} did not come to lie unpacked`);
      return made;
    },
    loadImage: (path, tag) => loadImage(engine, path, tag),
    bootstrapImage: (wish, output, anew) => bootstrapBase(engine, wish, output, anew, options),
    run: (program) => runProgram(engine, program),
  };
  for (const folder of [worker.folder, worker.mountFolder])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  enterPrivateMounts();
  sweepRuns(engine);
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
    await pull(engine, reference, wanted, options);
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
  });
}

/** Runs a program of a recipe directly under the runtime. */
async function runProgram(engine: Engine, program: ProgramRun): Promise<ProgramEnd> {
  const { output, signal, ...rest } = program;
  return await runInRoot(engine, rest, signal, output);
}

/** Runs a program of a recipe on the terminal of this process, which keeps its window's size told to it. */
export async function runOnTerminal(
  engine: Engine,
  program: Omit<ProgramRun, "output" | "signal">,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  return await runInRoot(engine, program, signal, undefined);
}

/** Without an `output`, on the terminal. */
async function runInRoot(
  engine: Engine,
  program: Omit<ProgramRun, "output" | "signal">,
  signal: AbortSignal,
  output: ProgramRun["output"] | undefined,
): Promise<ProgramEnd> {
  const terminal = output === undefined;
  const id = newContainerId();
  const place: ContainerFolder = {
    id,
    folder: `${engine.place.root}/build/work/${process.pid}-${id.slice(0, 12)}`,
    bundle: `${engine.place.run}/b/${process.pid}-${id.slice(0, 12)}`,
  };
  const spec = specOf(id, program, terminal);
  const launched = launch(engine, spec, place, (driver) =>
    driver.runForeground(place, terminal ? "inherit" : "ignore", output),
  );
  const { driver } = launched;
  let ended = false;
  // Again until it ends: a kill that comes before the runtime has made its container does nothing.
  const killAgain = async () => {
    while (!ended) {
      driver.kill(place);
      await Bun.sleep(20);
    }
  };
  const kill = () => void killAgain();
  try {
    let config: string;
    try {
      ({ config } = makeConfig(engine, spec, place, { ...launched, rootfs: program.rootfs }));
    } catch (error) {
      launched.abandon();
      if (!(error instanceof StartFailure)) throw error;
      return { exitCode: error.exitCode, failure: error.why ?? error.message };
    }
    const run = launched.provide(terminal ? withWindowSize(config) : config);
    signal.addEventListener("abort", kill);
    if (signal.aborted) kill();
    // The runtime is in a session of its own, where the terminal does not tell it.
    const resize = () => run.kill("SIGWINCH");
    if (terminal) process.on("SIGWINCH", resize);
    const exitCode = await run.exited;
    ended = true;
    process.off("SIGWINCH", resize);
    const failure = exitCode === 0 ? undefined : driver.lastFailure(place);
    return failure === undefined || (exitCode !== 1 && exitCode < 125) ? { exitCode } : { exitCode, failure };
  } finally {
    ended = true;
    signal.removeEventListener("abort", kill);
    driver.remove(place);
    clearBundle(place);
  }
}

/** The runtime learns the size by a signal alone, which comes when it changes. */
function withWindowSize(config: string): string {
  const size = terminalSize(0);
  if (size === undefined) return config;
  const document = JSON.parse(config) as { process: object };
  const consoleSize = { height: size.rows, width: size.columns };
  return JSON.stringify({ ...document, process: { ...document.process, consoleSize } });
}

function specOf(
  id: string,
  program: Omit<ProgramRun, "output" | "signal">,
  terminal: boolean,
): ContainerSpec {
  const [first = "", ...rest] = program.args;
  const image = {
    id: `sha256:${"0".repeat(64)}`,
    manifestDigest: `sha256:${"0".repeat(64)}`,
    platform: "",
    diffIds: [],
    defaults: {},
  } as unknown as Parameters<typeof makeSpec>[1];
  return makeSpec(
    id,
    image,
    "",
    {
      entrypoint: [first],
      command: rest,
      env: program.env,
      workingDir: program.cwd,
      user: program.user,
      // The same for every build: a host name that varies would come to lie in images.
      hostname: "vial-build",
      uts: "private",
      network: program.network,
      autoRemove: true,
      terminal,
      privileged: program.privileged,
      extraHosts: program.extraHosts,
      ...(program.shmSize === undefined ? {} : { shmSize: program.shmSize }),
      mounts: program.mounts.map((mount) =>
        mount.kind === "tmpfs"
          ? mount
          : {
              kind: "bind",
              source: mount.source,
              target: mount.target,
              readonly: mount.readonly,
              propagation: "rprivate",
              recursive: true,
            },
      ),
    },
    "build",
  );
}

/** Ends the programs of builds that were killed, by what the runtime knows of them. */
function sweepRuns(engine: Engine): void {
  const folder = `${engine.place.run}/b`;
  for (const name of readdirSync(folder)) {
    const [, pid = ""] = /^(\d+)-[0-9a-f]{12}$/.exec(name) ?? [];
    if (pid === "" || markProcess(Number(pid)) !== undefined) continue;
    const short = name.slice(pid.length + 1);
    for (const runtime of ["crun", "runc"]) {
      const runs = `${engine.place.run}/${runtime}`;
      for (const id of existsSync(runs) ? readdirSync(runs) : [])
        if (id.startsWith(short)) driverOf(engine, { runtime }).remove({ id, bundle: `${folder}/${name}` });
    }
    rmSync(`${folder}/${name}`, { recursive: true, force: true });
  }
}
