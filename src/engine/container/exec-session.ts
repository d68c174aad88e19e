import { childrenOf, startPiped, startUnderTerminal } from "#host";
import type { Engine } from "../engine-handle.ts";
import { execAlreadyRun, execRunning, execUnknown } from "../error.ts";
import { recordEvent } from "../events.ts";
import { type ExecWish, openExecCommand } from "./exec.ts";
import { type ContainerFolder, findContainer, hasSpec, readSpec } from "./folder.ts";
import { joinPipes } from "./piped-exec.ts";
import { StartFailure } from "./start-failure.ts";
import type { Joined, TakeOutput } from "./streams.ts";
import { requireRunning } from "./state.ts";
import { joinTerminal, type TerminalSize } from "./terminal-exec.ts";

// Programs that join a container on behalf of a client that first says what it wants, and comes back for it: Docker's exec.
// They are known to this process alone, and go with their container.

export interface ExecWanted extends Omit<ExecWish, "detach"> {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** As Docker writes them: "ctrl-p,ctrl-q". */
  readonly detachKeys: string;
}

export type ExecState =
  | { readonly status: "created" }
  | { readonly status: "running"; readonly runtimePid: number }
  | { readonly status: "exited"; readonly exitCode: number };

const sessions = new Map<string, ExecSession>();

/** Throws container-unknown, container-not-running, container-paused. */
export function createExec(engine: Engine, name: string, wanted: ExecWanted): ExecSession {
  const place = findContainer(engine, name);
  requireRunning(place, name);
  const session = new ExecSession(engine, place, wanted);
  sessions.set(session.id, session);
  session.record("exec_create", true);
  return session;
}

/** Throws exec-unknown. */
export function findExec(id: string): ExecSession {
  const session = sessions.get(id);
  if (session !== undefined && hasSpec(session.place)) return session;
  sessions.delete(id);
  throw execUnknown(id);
}

/** Those of a container that have not ended. */
export function execIdsOf(containerId: string): readonly string[] {
  for (const [id, { place }] of sessions) if (!hasSpec(place)) sessions.delete(id);
  return [...sessions.values()]
    .filter(({ place, state }) => place.id === containerId && state.status !== "exited")
    .map(({ id }) => id);
}

export class ExecSession {
  readonly id: string = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
  readonly place: ContainerFolder;
  readonly wanted: ExecWanted;
  readonly #engine: Engine;
  #state: ExecState = { status: "created" };
  #size: TerminalSize | undefined;
  #resize: ((size: TerminalSize) => void) | undefined;

  constructor(engine: Engine, place: ContainerFolder, wanted: ExecWanted) {
    this.#engine = engine;
    this.place = place;
    this.wanted = wanted;
  }

  get state(): ExecState {
    return this.#state;
  }

  /** The program as the host sees it; 0 when it does not run. */
  get pid(): number {
    return this.#state.status === "running" ? (childrenOf(this.#state.runtimePid)[0] ?? 0) : 0;
  }

  /** A size that comes before the start is that of the start. */
  resize(size: TerminalSize): void {
    this.#size = size;
    this.#resize?.(size);
  }

  /**
   * Begins the program. `take` undefined: its output goes nowhere, and it has no input. Throws StartFailure for a program
   * that is not there or cannot be run: that is its end too.
   */
  start(take: TakeOutput | undefined): Joined {
    if (this.#state.status === "running") throw execRunning(this.id);
    if (this.#state.status === "exited") throw execAlreadyRun(this.id);
    const { wanted } = this;
    const interactive = wanted.interactive && take !== undefined;
    let opened: ReturnType<typeof openExecCommand>;
    try {
      opened = openExecCommand(this.#engine, this.place.id, { ...wanted, interactive, detach: false });
    } catch (error) {
      if (error instanceof StartFailure) this.#end(error.exitCode);
      throw error;
    }
    this.record("exec_start", true);
    const joins = wanted.terminal
      ? this.#underTerminal(opened.command, take)
      : joinPipes(startPiped(opened.command, { stdin: interactive }), this.#chosen(take));
    this.#state = { status: "running", runtimePid: joins.pid };
    void joins.exited.then((code) => {
      opened[Symbol.dispose]();
      this.#end(code);
    });
    return joins;
  }

  #underTerminal(command: [string, ...string[]], take: TakeOutput | undefined) {
    const size = this.#size ?? { rows: 24, columns: 80 };
    const joins = joinTerminal((output) => startUnderTerminal(command, size, output), take);
    this.#resize = joins.resize;
    return joins;
  }

  #chosen(take: TakeOutput | undefined): TakeOutput | undefined {
    const { stdout, stderr } = this.wanted;
    if (take === undefined) return undefined;
    return (stream, bytes) => ((stream === 1 ? stdout : stderr) ? take(stream, bytes) : undefined);
  }

  #end(exitCode: number): void {
    this.#state = { status: "exited", exitCode };
    this.#resize = undefined;
    this.record("exec_die", false, { exitCode: String(exitCode) });
  }

  /** An event as Docker has it: what is about a command bears its words. */
  record(action: string, withCommand: boolean, attributes: Readonly<Record<string, string>> = {}): void {
    if (!hasSpec(this.place)) return;
    const words = withCommand ? `: ${this.wanted.command.join(" ")}` : "";
    recordEvent(this.#engine, readSpec(this.place), `${action}${words}`, { execID: this.id, ...attributes });
  }
}
