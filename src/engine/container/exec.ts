import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseRuntimeLog, type RuntimeProgram, runtimeGlobalArgs } from "#host";
import {
  capabilitiesOfMask,
  chooseCapabilities,
  chooseRuntime,
  type ContainerSpec,
  enterRuntimeMounts,
  explainFailure,
  mergeEnvironment,
  type RuntimeConfig,
  resolveUser,
} from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning, containerPaused } from "../error.ts";
import { readAccounts } from "./accounts.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { passSignals, StartFailure } from "./start.ts";
import { currentState } from "./state.ts";

/** What a door may wish of a program that joins a running container. What is left out is the container's own. */
export interface ExecWish {
  readonly command: readonly string[];
  readonly terminal: boolean;
  readonly interactive: boolean;
  readonly detach: boolean;
  readonly env: readonly string[];
  readonly workingDir: string | undefined;
  readonly user: string | undefined;
  readonly privileged: boolean;
}

/** Runs a program in a running container, with this process's own stdin, stdout and stderr. Gives its exit code. */
export async function execInContainer(engine: Engine, name: string, wish: ExecWish): Promise<number> {
  const place = findContainer(engine, name);
  const state = currentState(place);
  if (state.status === "paused") throw containerPaused(name);
  if (state.status !== "running") throw containerNotRunning(name);
  const spec = readSpec(place);
  const runtime = chooseRuntime(spec.runtime, engine.place.run);
  enterRuntimeMounts(runtime);
  const log = `${engine.place.run}/exec-${process.pid}.log`;
  const args = [
    runtime.program,
    ...runtimeGlobalArgs(runtime, log),
    "exec",
    ...execArgs(spec, place, wish, state.process.pid),
    ...(plain(wish) ? [place.id, ...wish.command] : [place.id]),
  ];
  const child = Bun.spawn(args, {
    stdio: [wish.interactive ? "inherit" : "ignore", "inherit", "inherit"],
    // With a terminal the runtime itself has to be the terminal's foreground job: it relays keys and sizes.
    detached: !wish.terminal,
  });
  const stop = wish.terminal ? () => {} : passSignals((signal) => child.kill(signal));
  const code = await child.exited;
  stop();
  const said = code === 0 ? undefined : parseRuntimeLog(log);
  rmSync(log, { force: true });
  if (said !== undefined && (code === 255 || code === 1 || code >= 125)) {
    const { error, exitCode } = explainFailure(said, wish.command[0] ?? "", spec.name);
    throw new StartFailure(exitCode, error);
  }
  return code;
}

/** Nothing differs from the container's own process but the command: the runtime then needs no process file. */
function plain(wish: ExecWish): boolean {
  return (
    wish.user === undefined &&
    wish.workingDir === undefined &&
    wish.env.length === 0 &&
    !wish.privileged &&
    !wish.terminal
  );
}

function execArgs(spec: ContainerSpec, place: ContainerFolder, wish: ExecWish, pid: number): string[] {
  const detach = wish.detach ? ["--detach"] : [];
  if (plain(wish)) return detach;
  const file = `${place.bundle}/exec-${process.pid}.json`;
  writeFileSync(file, JSON.stringify(makeProcess(place, spec, wish, pid)), { mode: 0o600 });
  return [...detach, ...(wish.terminal ? ["--tty"] : []), "--process", file];
}

/** The container's own process, with what the wish changes (runtime-spec, "process"). */
function makeProcess(
  place: ContainerFolder,
  spec: ContainerSpec,
  wish: ExecWish,
  pid: number,
): RuntimeConfig["process"] {
  const config = JSON.parse(readFileSync(`${place.bundle}/config.json`, "utf8")) as RuntimeConfig;
  const own = config.process;
  const user =
    wish.user === undefined
      ? undefined
      : resolveUser(wish.user, readAccounts(`/proc/${pid}/root`), spec.groupAdd);
  const status = readFileSync("/proc/self/status", "latin1");
  const held = capabilitiesOfMask(/^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1] ?? "0");
  const bounding = wish.privileged
    ? chooseCapabilities({ add: [], drop: [], privileged: true, held })
    : own.capabilities.bounding;
  const effective = (user?.uid ?? own.user.uid) === 0 ? bounding : [];
  const home = user === undefined ? [] : [`HOME=${user.home}`];
  return {
    ...own,
    terminal: wish.terminal,
    args: wish.command,
    env: mergeEnvironment(own.env, home, wish.terminal ? ["TERM=xterm"] : [], wish.env),
    cwd: wish.workingDir ?? own.cwd,
    user:
      user === undefined
        ? own.user
        : { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, umask: 0o022 },
    capabilities: { bounding, effective, permitted: effective, inheritable: [], ambient: [] },
  };
}
