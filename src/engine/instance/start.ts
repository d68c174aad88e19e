import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync } from "node:fs";
import {
  type EarlyNamespaces,
  lockExclusive,
  makePipe,
  markProcess,
  namespaceWords,
  shortStart,
  startInBackground,
} from "#host";
import type { HpcImageFacts } from "#runtime";
import { ownProgram } from "../container/exit-command.ts";
import { instanceFailed, instanceNameTaken } from "./error.ts";
import {
  forgetInstance,
  type InstanceFiles,
  instanceFiles,
  type InstanceRecord,
  makeInstancesFolder,
  readInstance,
  writeInstance,
} from "./record.ts";

export interface InstanceStart {
  readonly name: string;
  readonly user: EarlyNamespaces["user"];
  /** What the Vial inside is called with. */
  readonly argv: readonly string[];
}

/** What the instance tells, in one line of JSON on its descriptor 3, when it stands or could not be made. */
export type InstanceReport =
  | { readonly pid: number; readonly image: HpcImageFacts; readonly cgroups: readonly string[] }
  | { readonly failed: { readonly what: string; readonly why?: string; readonly next?: string } };

/**
 * Starts an instance and waits until it stands. Throws instance-name-taken, instance-failed (with what was said), and what
 * opens namespaces throws.
 */
export function beginInstance(wish: InstanceStart): InstanceRecord {
  const { name } = wish;
  const files = instanceFiles(name);
  using _alone = lockExclusive(`${makeInstancesFolder()}/.lock`);
  if (readInstance(name) !== undefined) throw instanceNameTaken(name);
  // Of a start that was killed.
  rmSync(files.folder, { recursive: true, force: true });
  mkdirSync(files.folder, { mode: 0o700 });
  try {
    const { report, starter } = launch(wish, files);
    if ("failed" in report) throw instanceFailed(name, report.failed);
    const mark = markProcess(report.pid);
    // unshare(1) waits for its child; the instance needs it no more.
    process.kill(starter, "SIGKILL");
    if (mark === undefined) throw instanceFailed(name, { what: "", why: tail(files.err) });
    const record: InstanceRecord = {
      name,
      image: report.image,
      cgroups: report.cgroups,
      process: mark,
      startedAt: new Date().toISOString(),
      fakeroot: wish.user === "root",
    };
    writeInstance(record);
    return record;
  } catch (error) {
    forgetInstance(name);
    throw error;
  }
}

function launch({ user, argv }: InstanceStart, files: InstanceFiles) {
  const words = namespaceWords({ user, pid: true });
  const [stdout, stderr] = [openSync(files.out, "a", 0o600), openSync(files.err, "a", 0o600)];
  const { readEnd, writeEnd } = makePipe();
  try {
    const command = [...words, "--", ...ownProgram(), ...argv] as const;
    const starter = startInBackground(command, shortStart(process.env), {
      stdout,
      stderr,
      descriptor: writeEnd,
    });
    closeSync(writeEnd);
    const line = readLine(readEnd);
    const report: InstanceReport =
      line === "" ? { failed: { what: "", why: tail(files.err) } } : (JSON.parse(line) as InstanceReport);
    return { report, starter };
  } finally {
    for (const fd of [stdout, stderr, readEnd]) closeSync(fd);
  }
}

/** Up to the end of a line: unshare(1) keeps the other end open for as long as the instance lives. */
function readLine(fd: number): string {
  let text = "";
  const piece = Buffer.alloc(4096);
  while (!text.includes("\n")) {
    const count = readSync(fd, piece);
    if (count === 0) break;
    text += piece.toString("latin1", 0, count);
  }
  return Buffer.from(text, "latin1").toString().trim();
}

/** The last lines that it printed. */
function tail(path: string): string {
  return readFileSync(path, "utf8").trim().split("\n").slice(-5).join("\n") || "it ended without a word";
}
