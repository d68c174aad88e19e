import { readFileSync } from "node:fs";

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
    runtime.program,
    ...runtimeGlobalArgs(runtime, log),
    "run",
    "--bundle",
    bundle,
    "--pid-file",
    `${bundle}/pid`,
    id,
  ];
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
 * Starts `run`. In a session of its own, so that a Ctrl-C reaches the caller alone, which passes it on once; the container
 * is in yet another session, so it reads the terminal without being its foreground job.
 */
export function startRuntimeRun(
  runtime: RuntimeProgram,
  id: string,
  bundle: string,
  options: { readonly log: string; readonly stdin: "inherit" | "ignore" },
): ForegroundRun {
  return Bun.spawn(runtimeRunArgs(runtime, id, bundle, options.log), {
    stdio: [options.stdin, "inherit", "inherit"],
    detached: true,
    cwd: bundle,
  });
}
