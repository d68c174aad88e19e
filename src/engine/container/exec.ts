import { readFileSync, rmSync, writeFileSync } from "node:fs";
import {
  closeInput,
  joinUserNamespaceArgs,
  memoryFile,
  openFlag,
  openInside,
  openRoot,
  replaceProcess,
  runUnderTerminal,
  sealProgram,
} from "#host";
import {
  capabilitiesOfMask,
  chooseCapabilities,
  type ContainerSpec,
  exitNotExecutable,
  mergeEnvironment,
  readAccounts,
  type RuntimeConfig,
  resolveUser,
} from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { containerNotRunning, workingFolderRefused } from "../error.ts";
import { driverOf } from "./driver.ts";
import { checkCommand } from "./find-command.ts";
import { type ContainerFolder, findContainer, readSpec } from "./folder.ts";
import { StartFailure } from "./start-failure.ts";
import { currentState, requireRunning } from "./state.ts";

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

/**
 * Becomes the runtime's exec: this process's own stdin, stdout, stderr, terminal and signals are the program's, and no
 * memory of Vial stays behind. Throws when the container does not run, and returns no other way.
 */
export function execInContainer(engine: Engine, name: string, wish: ExecWish): never {
  const command = execCommandLine(engine, name, wish);
  if (!wish.interactive && !wish.terminal) closeInput();
  replaceProcess(command);
}

/**
 * As execInContainer() for who has no terminal to give: the program gets one of its own, and its output comes back. Gives
 * the exit code.
 */
export async function execWithOwnTerminal(
  engine: Engine,
  name: string,
  wish: ExecWish,
  take: (bytes: Uint8Array) => void,
): Promise<number> {
  return await withExecCommand(engine, name, wish, async (command) => await runUnderTerminal(command, take));
}

/**
 * Hands over the runtime's command line, for who runs it as a process of its own: that one cannot read this one's memory,
 * and may be in another user namespace, so the process file is a file for as long as `act` takes.
 */
export async function withExecCommand<T>(
  engine: Engine,
  name: string,
  wish: ExecWish,
  act: (command: [program: string, ...args: string[]]) => Promise<T>,
): Promise<T> {
  using opened = openExecCommand(engine, name, wish);
  return await act(opened.command);
}

let filesMade = 0;

/** As withExecCommand(), for who holds the process file itself. */
export function openExecCommand(
  engine: Engine,
  name: string,
  wish: ExecWish,
): Disposable & { readonly command: [program: string, ...args: string[]] } {
  const file = `${findContainer(engine, name).bundle}/exec-${process.pid}-${filesMade++}.json`;
  const keep = (text: string): string => {
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const remove = () => rmSync(file, { force: true });
  try {
    return { command: execCommandLine(engine, name, wish, keep), [Symbol.dispose]: remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The runtime's command line that runs the program. crun enters a container without a mount namespace of ours. */
function execCommandLine(
  engine: Engine,
  name: string,
  wish: ExecWish,
  /** Where another process finds the process file. Left out: in memory, which whoever this process becomes may read. */
  keep?: (process: string) => string,
): [program: string, ...args: string[]] {
  const place = findContainer(engine, name);
  const state = requireRunning(place, name);
  const spec = readSpec(place);
  const driver = driverOf(engine, spec);
  const enter = process.getuid?.() === 0 ? [] : joinUserNamespaceArgs(state.process.pid);
  // The copy in memory belongs to this process, and is gone when that has become the program that enters a namespace.
  const quick = ([runtime, ...args]: readonly [string, ...string[]]) => [
    enter.length === 0 && keep === undefined ? sealProgram(runtime) : runtime,
    ...args,
  ];
  let wished: RuntimeConfig["process"];
  try {
    wished = lookInside(spec, place, wish, state.process.pid);
  } catch (error) {
    // Ended between the look at its state and the look at its files.
    if (currentState(place).status !== "running") throw containerNotRunning(name);
    throw error;
  }
  if (plain(wish, wished))
    return asCommand([...enter, ...quick(driver.execCommand(place, wish, { command: wish.command }))]);
  // In memory alone: the program has its environment, and nobody has to remove a file.
  const inMemory = (text: string) => memoryFile("process.json", text);
  const processFile = (keep ?? inMemory)(JSON.stringify(wished));
  return asCommand([...enter, ...quick(driver.execCommand(place, wish, { process: processFile }))]);
}

/** The process to start. Throws what can be told to fail from here. */
function lookInside(
  spec: ContainerSpec,
  place: ContainerFolder,
  wish: ExecWish,
  pid: number,
): RuntimeConfig["process"] {
  const config = JSON.parse(readFileSync(`${place.bundle}/config.json`, "utf8")) as RuntimeConfig;
  const wished = makeProcess(config.process, spec, wish, pid);
  // An ordinary user may not look into the roots of its own sub-ids from outside: there the runtime tells.
  if (process.getuid?.() !== 0) return wished;
  if (wish.workingDir !== undefined) checkFolder(`/proc/${pid}/root`, wish.workingDir);
  checkCommand({
    root: `/proc/${pid}/root`,
    args: wish.command,
    env: wished.env,
    cwd: wished.cwd,
    user: wished.user,
    mounts: [],
    container: spec.name,
  });
  return wished;
}

/** The links of a process are no way into a folder (CVE-2024-21626): inside a root they are refused. */
function checkFolder(root: string, path: string): void {
  try {
    using top = openRoot(root);
    using _open = openInside(top.fd, path, openFlag.path | openFlag.directory);
    if (path.startsWith("/")) return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!["ENOENT", "ENOTDIR", "ELOOP", "EACCES"].includes(code ?? "")) throw error;
  }
  throw new StartFailure(exitNotExecutable, workingFolderRefused(path));
}

function asCommand([program = "", ...args]: readonly string[]): [program: string, ...args: string[]] {
  return [program, ...args];
}

/**
 * The process is the one that the runtimes make up by themselves: that of root in the top folder, with the container's
 * environment and capabilities. Then they need no process file. The container's user, folder and limits they do not take
 * over (seen with crun 1.8: `exec` ran as root in a container of another user).
 */
function plain(wish: ExecWish, wished: RuntimeConfig["process"]): boolean {
  const { user, cwd, rlimits, noNewPrivileges, oomScoreAdj } = wished;
  return (
    wish.env.length === 0 &&
    !wish.privileged &&
    !wish.terminal &&
    cwd === "/" &&
    user.uid === 0 &&
    user.gid === 0 &&
    user.additionalGids.every((gid) => gid === 0) &&
    (rlimits ?? []).length === 0 &&
    !noNewPrivileges &&
    oomScoreAdj === undefined
  );
}

/** The container's own process, with what the wish changes (runtime-spec, "process"). */
function makeProcess(
  own: RuntimeConfig["process"],
  spec: ContainerSpec,
  wish: ExecWish,
  pid: number,
): RuntimeConfig["process"] {
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
