import { existsSync, readFileSync, rmSync } from "node:fs";
import { run, startDetached, writeAtomic } from "#host";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
import { withExecCommand } from "./exec.ts";
import { ownProgram } from "./exit-command.ts";
import { type ContainerFolder, readSpec } from "./folder.ts";
import { currentState } from "./state.ts";

// Health checks without a daemon: beside a container that has one runs a shell that sleeps and calls Vial for each check.
// A shell takes 0.1 MiB where a waiting Vial would take 5.

/** As Docker's State.Health. Times in the log are RFC 3339. */
export interface Health {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
  readonly log: readonly {
    readonly Start: string;
    readonly End: string;
    readonly ExitCode: number;
    readonly Output: string;
  }[];
}

const healthFile = "health.json";
const defaults = { interval: 30e9, timeout: 30e9, startPeriod: 0, startInterval: 5e9, retries: 3 };
const maxOutput = 4096;
const keptChecks = 5;

export function readHealth(place: ContainerFolder): Health {
  try {
    return JSON.parse(readFileSync(`${place.folder}/${healthFile}`, "utf8")) as Health;
  } catch {
    return { status: "starting", failingStreak: 0, log: [] };
  }
}

/** Begins the checks of a container that was just started. They end with it. */
export function watchHealth(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  if (spec.health === null) return;
  rmSync(`${place.folder}/${healthFile}`, { force: true });
  const check = [...ownProgram(), "internal-health", engine.place.root, engine.place.run, place.id];
  // The check prints the seconds to the next one, and fails when the container has ended.
  startDetached([
    "/bin/sh",
    "-c",
    'sleep "$0"; while next=$("$@"); do sleep "$next"; done',
    String(firstDelay(spec)),
    ...check,
  ]);
}

function firstDelay(spec: ContainerSpec): number {
  const { Interval, StartInterval, StartPeriod } = spec.health ?? {};
  const interval = Interval || defaults.interval;
  return (
    ((StartPeriod ?? 0) > 0 ? Math.min(StartInterval || defaults.startInterval, interval) : interval) / 1e9
  );
}

/** Runs one check and records it. Gives the seconds to the next one, or undefined when the container has ended. */
export async function checkHealth(engine: Engine, place: ContainerFolder): Promise<number | undefined> {
  const spec = readSpec(place);
  const state = currentState(place);
  if (spec.health === null) return undefined;
  if (state.status === "paused") return firstDelay(spec);
  if (state.status !== "running") return undefined;
  const { Test = [], Timeout, Retries } = spec.health;
  const command =
    Test[0] === "CMD-SHELL"
      ? ["/bin/sh", "-c", Test.slice(1).join(" ")]
      : Test[0] === "CMD"
        ? Test.slice(1)
        : Test;
  const Start = new Date().toISOString();
  const { exitCode, output } = await runCheck(engine, place, command, (Timeout || defaults.timeout) / 1e6);
  const before = readHealth(place);
  const inStart = Date.now() - Date.parse(state.startedAt) < (spec.health.StartPeriod ?? 0) / 1e6;
  const failingStreak =
    exitCode === 0 ? 0 : inStart && before.status === "starting" ? 0 : before.failingStreak + 1;
  const status =
    exitCode === 0 ? "healthy" : failingStreak >= (Retries || defaults.retries) ? "unhealthy" : before.status;
  const log = [
    ...before.log,
    { Start, End: new Date().toISOString(), ExitCode: exitCode, Output: output },
  ].slice(-keptChecks);
  const after: Health = { status, failingStreak, log };
  // Removed meanwhile: writing would make its folder anew.
  if (!existsSync(`${place.folder}/spec.json`)) return undefined;
  writeAtomic(`${place.folder}/${healthFile}`, JSON.stringify(after), 0o600);
  if (status !== before.status) recordEvent(engine, spec, `health_status: ${status}`);
  const interval = (spec.health.Interval || defaults.interval) / 1e9;
  return status === "starting" && inStart
    ? Math.min((spec.health.StartInterval || defaults.startInterval) / 1e9, interval)
    : interval;
}

/** A check that takes too long is killed and counts as failed; its code is -1, as in Docker. */
async function runCheck(
  engine: Engine,
  place: ContainerFolder,
  command: readonly string[],
  milliseconds: number,
): Promise<{ exitCode: number; output: string }> {
  try {
    const wish = {
      command,
      terminal: false,
      interactive: false,
      detach: false,
      env: [],
      workingDir: undefined,
      user: undefined,
      privileged: false,
    };
    const result = await withExecCommand(
      engine,
      place.id,
      wish,
      async ([program, ...args]) =>
        await run(program, args, { timeout: milliseconds, keepOutput: maxOutput }),
    );
    const output = `${result.stdout}${result.stderr}`.slice(0, maxOutput);
    if (result.signal === undefined) return { exitCode: result.exitCode, output };
    return { exitCode: -1, output: `Health check exceeded timeout (${milliseconds / 1000}s): ${output}` };
  } catch (error) {
    return { exitCode: 127, output: (error as Error).message };
  }
}
