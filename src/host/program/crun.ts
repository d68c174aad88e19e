import { closeSync, constants, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { sealProgram } from "../kernel/sealed-program.ts";
import { type Beginning, LateConfig } from "./late-config.ts";

// crun(1) and runc(8) share their command line. Arguments in, text out; policy stays in the room `runtime`.

export interface RuntimeProgram {
  /** Absolute path of crun or runc. */
  readonly program: string;
  /** Where the runtime keeps its own state (`--root`). */
  readonly root: string;
  /** No control groups can be used (crun alone). */
  readonly withoutCgroups: boolean;
}

/** The options before the verb. Errors go to `log` as JSON lines. */
export function runtimeGlobalArgs(runtime: RuntimeProgram, log: string): string[] {
  return [
    "--root",
    runtime.root,
    "--log",
    log,
    "--log-format",
    "json",
    ...(runtime.withoutCgroups && runtime.program.endsWith("crun") ? ["--cgroup-manager", "disabled"] : []),
  ];
}

export function runtimeRunArgs(runtime: RuntimeProgram, id: string, bundle: string, log: string): string[] {
  return [
    sealProgram(runtime.program),
    ...runtimeGlobalArgs(runtime, log),
    "run",
    "--bundle",
    bundle,
    "--pid-file",
    `${bundle}/pid`,
    id,
  ];
}

/**
 * Begins the program of a container that crun has created, as `crun start` does: by one byte into the fifo in crun's
 * state folder at which the container waits. Saves the start of a whole crun. False when that cannot be done, because
 * the container does not wait there yet, or this is another runtime: then `start` is to be called.
 */
export function startCreated(runtime: RuntimeProgram, id: string): boolean {
  if (!runtime.program.endsWith("crun")) return false;
  const path = `${runtime.root}/${id}/exec.fifo`;
  try {
    // Without O_NONBLOCK, this would wait for ever when the container has died.
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    try {
      unlinkSync(path);
      writeSync(fd, "0");
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  }
}

/** The message of the last error in a log file written with `--log-format json`, or undefined. */
export function parseRuntimeLog(log: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(log, "utf8");
  } catch {
    return undefined;
  }
  let message: string | undefined;
  for (const line of text.split("\n")) {
    try {
      const entry = JSON.parse(line) as { level?: string; msg?: string };
      if (entry.level === "error" && entry.msg !== undefined) message = entry.msg;
    } catch {
      // A line that is no JSON comes from the program's own warnings.
    }
  }
  return message;
}

/** A runtime in the foreground, with this process's own output. */
export interface ForegroundRun {
  readonly exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/**
 * Begins `run`. In a session of its own, so that a Ctrl-C reaches the caller alone, which passes it on once; the container
 * is in yet another session, so it reads the terminal without being its foreground job.
 */
export function startRuntimeRun(
  runtime: RuntimeProgram,
  id: string,
  bundle: string,
  options: {
    readonly log: string;
    readonly stdin: "inherit" | "ignore";
    /** Takes both streams. Default: this process's own. */
    readonly output?: (bytes: Uint8Array) => void;
  },
): Beginning<ForegroundRun> {
  const config = new LateConfig(bundle);
  const { output } = options;
  const stream = output === undefined ? "inherit" : "pipe";
  const child = Bun.spawn(runtimeRunArgs(runtime, id, bundle, options.log), {
    stdio: [options.stdin, stream, stream],
    detached: true,
    cwd: bundle,
  });
  const streams = output === undefined ? [] : [pass(child.stdout, output), pass(child.stderr, output)];
  const run: ForegroundRun = {
    exited: Promise.all([child.exited, ...streams]).then(([code]) => code),
    kill: (signal) => child.kill(signal),
  };
  return {
    provide(text) {
      config.write(text);
      return run;
    },
    // Killed, because it would tell the person that config.json is empty.
    abandon() {
      child.kill("SIGKILL");
      config.close();
    },
  };
}

async function pass(
  stream: ReadableStream<Uint8Array> | number | undefined,
  output: (bytes: Uint8Array) => void,
): Promise<void> {
  if (typeof stream !== "object") return;
  for await (const bytes of stream as unknown as AsyncIterable<Uint8Array>) output(bytes);
}
