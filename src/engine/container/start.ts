import { mkdirSync } from "node:fs";
import { type ConmonAnswer, type ForegroundRun, markProcess } from "#host";
import { type ContainerSpec, explainFailure } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
import { exitCommand } from "./exit-command.ts";
import { watchHealth } from "./health.ts";
import { finishContainer, recordFailedStart } from "./finish.ts";
import { type ContainerFolder, lockUnlessGone } from "./folder.ts";
import { clearBundle, type Launch, launch, prepareBundle } from "./prepare.ts";
import { openContainerPorts } from "./ports.ts";
import { letJoin } from "./start-handshake.ts";
import { StartFailure } from "./start-failure.ts";
import { containerProcess, ownMark, readState, writeState } from "./state.ts";

export interface StartOptions {
  readonly restarts?: number;
  readonly warn?: (sentence: string) => void;
}

export interface DirectOptions extends StartOptions {
  readonly passSignals: boolean;
}

/** Begins a run in the foreground, with this process's own stdout and stderr. runDirectly() completes it. */
export function launchDirectly(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
): Launch<ForegroundRun> {
  return launch(engine, spec, place, (driver) =>
    driver.runForeground(place, spec.interactive ? "inherit" : "ignore"),
  );
}

/**
 * Runs a container in the foreground directly under the runtime, with this process's own stdin, stdout and stderr, and
 * gives its exit code. No monitor and no log: only for containers that are removed at their end. `early` is what
 * launchDirectly() gave, if that was called before.
 */
export async function runDirectly(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  early: Launch<ForegroundRun> | undefined,
  options: DirectOptions,
): Promise<number> {
  const startedAt = new Date().toISOString();
  writeState(place, { status: "starting", starter: ownMark(), attended: true, startedAt, restarts: 0 });
  const starting = { engine, spec, place, startedAt };
  const launched = recordFailure(starting, () => early ?? launchDirectly(engine, spec, place));
  const { config, warnings, network } = recordFailure(starting, () =>
    prepareBundle(engine, spec, place, launched),
  );
  for (const sentence of warnings) options.warn?.(sentence);
  const { driver } = launched;
  const child = launched.provide(config);
  const stop = options.passSignals ? passSignals((signal) => child.kill(signal)) : () => {};
  // Most short programs have ended by then, and nobody needs to know their pid.
  const settle = setTimeout(() => {
    openContainerPorts(engine, place);
    const process = containerProcess(place);
    if (process !== undefined)
      writeState(place, { status: "running", process, attendant: ownMark(), startedAt, restarts: 0 });
  }, 30);
  const code = await child.exited;
  clearTimeout(settle);
  stop();
  network?.[Symbol.dispose]();
  const failure = neverRan(code) ? driver.lastFailure(place) : undefined;
  const error = failure === undefined ? {} : { error: failure };
  finishContainer(engine, spec, place, { exitCode: code, startedAt, restarts: 0, ...error });
  if (failure !== undefined) throw startFailure(spec, failure);
  return code;
}

/** crun also logs what goes wrong after a good start; a container that ran has an exit code of its own. */
function neverRan(code: number): boolean {
  return code === 1 || code >= 125;
}

function startFailure(spec: ContainerSpec, said: string): StartFailure {
  const { error, exitCode } = explainFailure(said, [...spec.entrypoint, ...spec.command][0] ?? "", spec.name);
  return new StartFailure(exitCode, error);
}

/** Does a part of a start; when that fails, the container's record says so. */
function recordFailure<T>({ engine, spec, place, startedAt }: Starting, act: () => T): T {
  try {
    return act();
  } catch (error) {
    clearBundle(engine, place);
    const exitCode = error instanceof StartFailure ? error.exitCode : 125;
    recordFailedStart(engine, spec, place, startedAt, exitCode, error);
    throw error;
  }
}

/** A container that conmon has created and whose program has not begun. */
export interface Created {
  /** Begins the program. Throws StartFailure. */
  begin(): void;
  readonly startedAt: string;
}

/** Begins to create a container under conmon; createUnderMonitor() completes it. */
export function launchMonitored(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  attended: boolean,
): Launch<ConmonAnswer> {
  return launch(engine, spec, place, (driver) => {
    mkdirSync(`${place.bundle}/exits`, { recursive: true, mode: 0o700 });
    return driver.create(place, {
      name: spec.name || spec.id,
      terminal: spec.terminal,
      stdin: !spec.interactive
        ? "none"
        : (attended || spec.stdinOnce === true) && !spec.terminal
          ? "once"
          : "open",
      log:
        spec.log.driver === "none"
          ? undefined
          : { path: `${place.folder}/log`, maxSize: spec.log.maxSize, maxFiles: spec.log.maxFile },
      exitCommand: exitCommand(engine, place.id),
    });
  });
}

/**
 * Creates a container under conmon; `begin` starts its program. `attended`: this process will record the end; otherwise
 * conmon's exit command does. `launched` is what launchMonitored() gave, if that was called before.
 */
export function createUnderMonitor(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  options: StartOptions & {
    readonly attended: boolean;
    readonly launched?: Launch<ConmonAnswer> | undefined;
  },
): Created {
  const startedAt = new Date().toISOString();
  const restarts = options.restarts ?? 0;
  const { attended } = options;
  writeState(place, { status: "starting", starter: ownMark(), attended, startedAt, restarts });
  const starting = { engine, spec, place, startedAt };
  const launched = recordFailure(
    starting,
    () => options.launched ?? launchMonitored(engine, spec, place, attended),
  );
  const { config, warnings, network } = recordFailure(starting, () =>
    prepareBundle(engine, spec, place, launched),
  );
  for (const sentence of warnings) options.warn?.(sentence);
  const { driver } = launched;
  using _network = network;
  const answer = launched.provide(config);
  if ("failure" in answer) failStart(engine, spec, place, startedAt, answer.failure);
  const { pid } = answer;
  return {
    startedAt,
    begin() {
      const process = markProcess(pid);
      letJoin(place);
      const said = driver.start(place);
      if (said !== undefined) failStart(engine, spec, place, startedAt, said);
      openContainerPorts(engine, place);
      recordEvent(engine, spec, "start");
      watchHealth(engine, spec, place);
      if (process === undefined) return;
      using lock = lockUnlessGone(place);
      // A short program may have ended, and its end been recorded, before we came here.
      if (lock === undefined || readState(place).status !== "starting") return;
      writeState(place, {
        status: "running",
        process,
        startedAt,
        restarts,
        ...(options.attended ? { attendant: ownMark() } : {}),
      });
    },
  };
}

interface Starting {
  readonly engine: Engine;
  readonly spec: ContainerSpec;
  readonly place: ContainerFolder;
  readonly startedAt: string;
}

function failStart(
  engine: Engine,
  spec: ContainerSpec,
  place: ContainerFolder,
  startedAt: string,
  said: string,
): never {
  const failure = startFailure(spec, said);
  recordFailedStart(engine, spec, place, startedAt, failure.exitCode, failure);
  throw failure;
}

const passed = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGWINCH",
  "SIGCONT",
] as const;

/** Passes the signals that a person or script sends to this process on. Gives the function that ends it. */
export function passSignals(send: (signal: NodeJS.Signals) => void): () => void {
  const handlers = passed.map((signal) => {
    const handler = () => send(signal);
    process.on(signal, handler);
    return [signal, handler] as const;
  });
  return () => {
    for (const [signal, handler] of handlers) process.off(signal, handler);
  };
}
