import { closeSync, constants, openSync, readSync } from "node:fs";
import { checked, libc, pointer } from "../kernel/libc.ts";
import { sealProgram } from "../kernel/sealed-program.ts";
import { needProgram, runSync } from "../run.ts";
import type { RuntimeProgram } from "./crun.ts";
import { type Beginning, LateConfig } from "./late-config.ts";

// conmon(8): watches one container, keeps its log, its terminal and its exit code, with 0.4 MiB of memory.

export interface ConmonWish {
  readonly id: string;
  readonly name: string;
  readonly runtime: RuntimeProgram;
  readonly bundle: string;
  readonly terminal: boolean;
  /** `once`: stdin ends with the first client that attaches; `open`: it stays open. */
  readonly stdin: "none" | "once" | "open";
  /** Undefined keeps no log. */
  readonly log:
    | {
        readonly path: string;
        readonly maxSize: number | undefined;
        /** How many files in all; more than one only where conmonRotates(). */
        readonly maxFiles?: number | undefined;
      }
    | undefined;
  /** Run when the container has ended; conmon gives it its own mount namespace and environment. */
  readonly exitCommand: readonly [program: string, ...args: string[]];
}

/** The files that conmon leaves in the bundle. */
export const conmonFile = {
  pid: "conmon.pid",
  containerPid: "pid",
  attach: "attach",
  control: "ctl",
  exits: "exits",
} as const;

export function conmonArgs(wish: ConmonWish, runtimeProgram: string): string[] {
  const { bundle, runtime } = wish;
  const runtimeArgs = ["--root", runtime.root, "--log", `${bundle}/runtime.log`, "--log-format", "json"];
  if (runtime.withoutCgroups && runtime.program.endsWith("crun"))
    runtimeArgs.push("--cgroup-manager", "disabled");
  const [exitProgram, ...exitArgs] = wish.exitCommand;
  return [
    ...["--api-version", "1", "--cid", wish.id, "--cuuid", wish.id, "--name", wish.name],
    ...["--runtime", runtimeProgram, "--bundle", bundle, "--full-attach"],
    ...[
      "--container-pidfile",
      `${bundle}/${conmonFile.containerPid}`,
      "--conmon-pidfile",
      `${bundle}/${conmonFile.pid}`,
    ],
    ...["--exit-dir", `${bundle}/${conmonFile.exits}`, "--persist-dir", bundle],
    ...runtimeArgs.flatMap((arg) => ["--runtime-arg", arg]),
    ...(wish.log === undefined
      ? ["--log-path", "none"]
      : ["--log-path", `k8s-file:${wish.log.path}`, "--no-sync-log"]),
    ...(wish.log?.maxSize === undefined ? [] : ["--log-size-max", String(wish.log.maxSize)]),
    ...((wish.log?.maxFiles ?? 1) > 1
      ? ["--log-rotate", "--log-max-files", String((wish.log?.maxFiles ?? 1) - 1)]
      : []),
    ...(wish.terminal ? ["--terminal"] : []),
    ...(wish.stdin === "none" ? [] : wish.stdin === "once" ? ["--stdin"] : ["--stdin", "--leave-stdin-open"]),
    ...["--exit-command", exitProgram],
    ...exitArgs.flatMap((arg) => ["--exit-command-arg", arg]),
  ];
}

/** Whether this conmon keeps full log files beside the current one: conmon 2.1 cuts the one file instead. */
export function conmonRotates(): boolean {
  return runSync("conmon", ["--help"]).stdout.includes("--log-max-files");
}

export type ConmonAnswer = { readonly pid: number } | { readonly failure: string };

/** One line of the sync pipe: `{"data": PID}`, or a negative number and the runtime's message. */
export function parseConmonAnswer(line: string): ConmonAnswer {
  const answer = JSON.parse(line) as { data?: number; pid?: number; message?: string };
  const pid = answer.data ?? answer.pid ?? -1;
  return pid > 0 ? { pid } : { failure: answer.message ?? `conmon answered ${line}` };
}

const O_CLOEXEC = 0o2000000;

/**
 * Begins to create a container under conmon. The answer comes when the runtime has made it (not started); waiting for it
 * blocks this thread.
 */
export function createUnderConmon(wish: ConmonWish): Beginning<ConmonAnswer> {
  const program = needProgram("conmon");
  const config = new LateConfig(wish.bundle);
  const pipe = new Int32Array(2);
  checked("pipe2", libc().pipe2(pointer(pipe), O_CLOEXEC));
  const [readEnd = -1, writeEnd = -1] = pipe;
  const child = Bun.spawn([program, ...conmonArgs(wish, sealProgram(wish.runtime.program))], {
    cwd: wish.bundle,
    env: { ...process.env, _OCI_SYNCPIPE: "3" },
    stdio: ["ignore", "ignore", "ignore", writeEnd],
  });
  child.unref();
  closeSync(writeEnd);
  const answer = () => {
    try {
      const line = readLine(readEnd);
      return line === undefined ? { failure: "conmon ended without a word" } : parseConmonAnswer(line);
    } finally {
      closeSync(readEnd);
      config.close();
    }
  };
  return {
    provide(text) {
      config.write(text);
      return answer();
    },
    // The runtime finds no config and fails, which conmon answers before it goes.
    abandon() {
      config.end();
      answer();
    },
  };
}

/** Reads up to a newline. conmon keeps its end of the pipe open for life, so the end of file may never come. */
function readLine(fd: number): string | undefined {
  const bytes = Buffer.alloc(65536);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
    const newline = bytes.indexOf(10);
    if (newline >= 0 && newline < length) return bytes.toString("utf8", 0, newline);
  }
  return length === 0 ? undefined : bytes.toString("utf8", 0, length);
}

/** Tells conmon the size of the terminal. Throws when it is no longer there. */
export function resizeTerminal(bundle: string, rows: number, columns: number): void {
  // Without O_NONBLOCK, opening a fifo that nobody reads would wait for ever.
  const fd = openSync(`${bundle}/${conmonFile.control}`, constants.O_WRONLY | constants.O_NONBLOCK);
  try {
    const line = Buffer.from(`1 ${rows} ${columns}\n`);
    libc().write(fd, pointer(line), line.length);
  } finally {
    closeSync(fd);
  }
}
