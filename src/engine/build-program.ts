import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { ProgramEnd, ProgramRun } from "#build";
import {
  childrenOf,
  hasOneId,
  markProcess,
  mountTmpfs,
  processesWith,
  terminalSize,
  unmountLazily,
} from "#host";
import type { ContainerSpec } from "#runtime";
import { makeSpec } from "./container/create.ts";
import { driverOf } from "./container/driver.ts";
import { type ContainerFolder, newContainerId } from "./container/folder.ts";
import { clearBundle, launch, makeConfig } from "./container/prepare.ts";
import { StartFailure } from "./container/start-failure.ts";
import type { Engine } from "./engine-handle.ts";

// Programs of recipes, run in the root of their step.

/** Runs a program of a recipe directly under the runtime. */
export async function runProgram(engine: Engine, program: ProgramRun): Promise<ProgramEnd> {
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
  const spec = specOf(id, hasOneId() ? withAptAsRoot(program, place) : program, terminal);
  const secret = program.holdsSecret === true;
  if (secret) mountBundle(place);
  const launched = launch(secret ? withStateIn(place, engine) : engine, spec, place, (driver) =>
    driver.runForeground(place, terminal ? "inherit" : "ignore", output),
  );
  const { driver } = launched;
  if (hasOneId())
    writeFileSync(`${place.bundle}/${aptFile}`, 'APT::Sandbox::User "root";\n', { mode: 0o644 });
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
    if (secret) unmountLazily(place.bundle);
    clearBundle(engine, place);
  }
}

const aptFile = "apt.conf";

/**
 * apt downloads as the user _apt, looks whether it has become him, and stops where that was faked: it stays root. Its settings
 * lie in the memory of /dev, where they leave nothing in the image.
 */
function withAptAsRoot(
  program: Omit<ProgramRun, "output" | "signal">,
  { bundle }: ContainerFolder,
): Omit<ProgramRun, "output" | "signal"> {
  const target = `/dev/vial-${aptFile}`;
  if (program.env.some((entry) => entry.startsWith("APT_CONFIG="))) return program;
  return {
    ...program,
    env: [...program.env, `APT_CONFIG=${target}`],
    mounts: [...program.mounts, { kind: "bind", source: `${bundle}/${aptFile}`, target, readonly: true }],
  };
}

/**
 * The environment stands in the bundle's config.json, of which crun keeps a copy with its state. The run folder need not be
 * in memory (below VIAL_ROOT it is not), so for a secret both are, in this process's mount namespace: when the last process
 * in it has ended, they are gone.
 */
function mountBundle({ bundle }: ContainerFolder): void {
  mkdirSync(bundle, { recursive: true, mode: 0o700 });
  mountTmpfs(bundle, "size=64m,mode=700");
}

function withStateIn({ bundle }: ContainerFolder, engine: Engine): Engine {
  return { ...engine, place: { ...engine.place, run: bundle } };
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
      extraHosts: program.extraHosts,
      ...(program.shmSize === undefined ? {} : { shmSize: program.shmSize }),
      resources: {
        ...program.resources,
        ...(program.cpus === undefined ? {} : { cpusetCpus: program.cpus }),
      },
      ulimits: program.ulimits ?? [],
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

/** A runtime that waits for its program cleans up by itself when that ends; its state may be where only it can see it. */
function endForeground(bundle: string): void {
  const runtimes = processesWith(bundle);
  for (const pid of runtimes.flatMap(childrenOf)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // Gone meanwhile, or of another user of an ordinary user's range, whom only his own namespace may kill.
      return;
    }
  }
  const deadline = performance.now() + 2000;
  while (runtimes.some((pid) => markProcess(pid) !== undefined) && performance.now() < deadline)
    Bun.sleepSync(5);
}

/** Ends the programs of builds that were killed, by what the runtime knows of them. */
export function sweepPrograms(engine: Engine): void {
  const folder = `${engine.place.run}/b`;
  for (const name of readdirSync(folder)) {
    const [, pid = ""] = /^(\d+)-[0-9a-f]{12}$/.exec(name) ?? [];
    if (pid === "" || markProcess(Number(pid)) !== undefined) continue;
    const short = name.slice(pid.length + 1);
    endForeground(`${folder}/${name}`);
    for (const runtime of ["crun", "runc"]) {
      const runs = `${engine.place.run}/${runtime}`;
      for (const id of existsSync(runs) ? readdirSync(runs) : [])
        if (id.startsWith(short)) driverOf(engine, { runtime }).remove({ id, bundle: `${folder}/${name}` });
    }
    rmSync(`${folder}/${name}`, { recursive: true, force: true });
  }
}
