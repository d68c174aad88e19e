import type { Readable, Writable } from "node:stream";
import { programFailed, programMissing } from "./error.ts";
import { findProgram } from "./program/find.ts";

// The only place that starts a process. Wrappers in `program/` build the arguments and read the output.

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Milliseconds; afterwards SIGKILL. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  /** The signal ends its helpers too: they would hold the output open, and with it the wait for the end. */
  readonly withHelpers?: boolean;
  /** Keeps so many bytes of each stream and drops the rest: for a program that may print without end. */
  readonly keepOutput?: number;
  /** The program is killed when it prints more bytes than this; for runSync() alone. */
  readonly maxBuffer?: number;
  /** The program leaves a process behind that would hold its output open for ever: read none. */
  readonly ignoreOutput?: boolean;
  /** Open descriptors that the program gets as its numbers 3, 4 and so on. */
  readonly descriptors?: readonly number[];
}

export interface RunResult {
  readonly exitCode: number;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and gives what it printed, whatever the exit code. Throws program-missing. */
export function runSync(program: string, args: readonly string[], options: RunOptions = {}): RunResult {
  const output = options.ignoreOutput === true ? "ignore" : "pipe";
  const child = Bun.spawnSync([needProgram(program), ...args], {
    ...settings(options),
    ...(options.maxBuffer === undefined ? {} : { maxBuffer: options.maxBuffer }),
    stdio: [
      options.input === undefined ? "ignore" : Buffer.from(options.input),
      output,
      output,
      ...(options.descriptors ?? []),
    ],
  });
  return {
    exitCode: child.exitCode ?? 128,
    signal: child.signalCode === undefined ? undefined : String(child.signalCode),
    stdout: child.stdout?.toString() ?? "",
    stderr: child.stderr?.toString() ?? "",
  };
}

/** Like runSync(), without blocking. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { signal, withHelpers = false } = options;
  const child = Bun.spawn([needProgram(program), ...args], {
    ...settings(options),
    ...(signal === undefined || withHelpers ? {} : { signal }),
    // A process group of its own, which can be killed as a whole.
    detached: withHelpers,
    stdio: [
      options.input === undefined ? "ignore" : Buffer.from(options.input),
      "pipe",
      "pipe",
      ...(options.descriptors ?? []),
    ],
  });
  const killAll = () => process.kill(-child.pid, "SIGKILL");
  if (withHelpers) signal?.addEventListener("abort", killAll);
  if (withHelpers && signal?.aborted === true) killAll();
  const [stdout, stderr, exitCode] = await Promise.all([
    textOf(child.stdout, options.keepOutput),
    textOf(child.stderr, options.keepOutput),
    child.exited,
  ]);
  signal?.removeEventListener("abort", killAll);
  return {
    exitCode,
    signal: child.signalCode === null ? undefined : String(child.signalCode),
    stdout,
    stderr,
  };
}

async function textOf(stream: ReadableStream<Uint8Array>, keep: number | undefined): Promise<string> {
  if (keep === undefined) return await new Response(stream).text();
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of stream) {
    if (size < keep) kept.push(bytes.slice(0, keep - size));
    size += bytes.length;
  }
  return Buffer.concat(kept).toString();
}

function settings(options: RunOptions) {
  return {
    env: options.env ?? process.env,
    killSignal: "SIGKILL",
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  } as const;
}

/** run(), with an error when the exit code is not 0. `doing` is the action for the error: "create the user namespace". */
export async function runChecked(
  doing: string,
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.exitCode !== 0) throw programFailed(doing, program, result);
  return result.stdout;
}

export interface StartOptions {
  /** A number is an open descriptor that the program gets. */
  readonly stdin: "pipe" | "ignore" | number;
  readonly stdout: "pipe" | "ignore" | number;
  readonly stderr: "pipe" | "ignore" | number;
  /** Open descriptors that the program gets as its numbers 3, 4 and so on. */
  readonly descriptors?: readonly number[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program as a part of a pipeline and does not wait. `argv[0]` as for needProgram(). */
export function startProgram(argv: readonly string[], options: StartOptions) {
  const [program = "", ...args] = argv;
  return Bun.spawn([needProgram(program), ...args], {
    env: options.env ?? process.env,
    stdio: [options.stdin, options.stdout, options.stderr, ...(options.descriptors ?? [])],
  });
}

/** A program whose streams are ours, with what holds back who writes too fast. */
export interface PipedProgram {
  readonly pid: number;
  /** The exit code; 128 and the signal's number for one that was killed. Its output may go on: a child of it has it. */
  readonly exited: Promise<number>;
  /** Undefined without input. */
  readonly stdin: Writable | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** SIGKILL; nothing for one that has ended. */
  kill(): void;
}

/**
 * Starts a program with pipes. By node's streams, because Bun's own read on into memory while nobody takes (seen with
 * Bun 1.4.5: 100 MB of an unread pipe).
 */
export function startPiped(
  argv: readonly [program: string, ...args: string[]],
  options: { readonly stdin: boolean; readonly env?: Readonly<Record<string, string>> },
): PipedProgram {
  const [program, ...args] = argv;
  // Not imported above: every start of Vial would load it.
  const { spawn } = process.getBuiltinModule("node:child_process");
  const signals: Readonly<Record<string, number>> = process.getBuiltinModule("node:os").constants.signals;
  const env = options.env ?? process.env;
  const child = options.stdin
    ? spawn(needProgram(program), args, { stdio: ["pipe", "pipe", "pipe"], env })
    : spawn(needProgram(program), args, { stdio: ["ignore", "pipe", "pipe"], env });
  // Who reads from it may end first: that is no error of ours.
  child.stdin?.on("error", () => {});
  const exited = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + (signals[signal ?? ""] ?? 0)));
    child.once("error", () => resolve(127));
  });
  return {
    pid: child.pid ?? 0,
    exited,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout,
    stderr: child.stderr,
    kill: () => void child.kill("SIGKILL"),
  };
}

/** The absolute path of a program on the host, or the error program-missing with the advice of `needs.ts`. */
export function needProgram(program: string): string {
  const path = findProgram(program);
  if (path === undefined) throw programMissing(program);
  return path;
}

/** Where the streams of a program go that outlives this process. */
export interface BackgroundStreams {
  readonly stdout: number | "inherit" | "ignore";
  readonly stderr: number | "inherit" | "ignore";
  /** An open descriptor that the program gets as its number 3. */
  readonly descriptor?: number;
}

/** Starts a program that outlives this process, in a session of its own, without input; gives its pid. `argv[0]` is a path. */
export function startInBackground(
  argv: readonly [program: string, ...args: string[]],
  env: Readonly<Record<string, string | undefined>>,
  { stdout, stderr, descriptor }: BackgroundStreams,
): number {
  const child = Bun.spawn([...argv], {
    env,
    stdio: ["ignore", stdout, stderr, ...(descriptor === undefined ? [] : [descriptor])],
    detached: true,
  });
  child.unref();
  return child.pid;
}

/** Starts a program that outlives this process, in a session of its own, with no streams. */
export function startDetached(command: readonly [program: string, ...args: string[]]): void {
  Bun.spawn([...command], { stdio: ["ignore", "ignore", "ignore"], detached: true }).unref();
}
