import { expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { Outcome, TestVial } from "./vial.ts";

// What an unlucky command may leave behind: nothing. And how its error has to look.

/** The parts of an error as it is printed where nobody looks on: `vial: WHAT (WHY) [next: NEXT]`. */
export interface ErrorText {
  readonly what: string | RegExp;
  readonly why?: string | RegExp;
  readonly next: string | RegExp;
}

/** Expects an error of exactly these parts, and no line more. A bug report is none. */
export function expectError(outcome: Pick<Outcome, "code" | "err">, code: number, text: ErrorText): void {
  const line = outcome.err.split("\n").findLast((entry) => entry.startsWith("vial: ")) ?? "";
  const match = /^vial: (?<what>.*?)(?: \((?<why>.*)\))? \[next: (?<next>.*)\]$/.exec(line);
  const { what, why, next } = match?.groups ?? { what: outcome.err };
  expect({ code: outcome.code, what, why, next }).toEqual({
    code,
    what: asExpected(text.what),
    why: text.why === undefined ? undefined : asExpected(text.why),
    next: asExpected(text.next),
  });
}

function asExpected(text: string | RegExp): string {
  return typeof text === "string" ? text : (expect.stringMatching(text) as unknown as string);
}

/** Expects that no container, process, mount, control group, bundle or half image of this store is left. */
export async function expectNothingLeft(vial: TestVial): Promise<void> {
  let left: readonly string[] = [];
  // A control group goes a moment after its last process, and a sweeper of the trash runs in the background.
  const deadline = performance.now() + 20_000;
  do {
    left = tracesOf(vial);
    if (left.length > 0) await Bun.sleep(10);
  } while (left.length > 0 && performance.now() < deadline);
  expect(left).toEqual([]);
  await expectClean(vial);
}

/** What a broken pull or load may leave on purpose, for the next one. */
const kept =
  /^note: \d+ (blobs .* belong to no image|unpacked layers belong to no image|downloads or loads were broken off|removed things)/;

/** Expects that `vial check` finds nothing wrong, and notes nothing that is not kept on purpose. */
export async function expectClean(vial: TestVial): Promise<void> {
  const { code, out, err } = await vial.run("check");
  const lines = out
    .trim()
    .split("\n")
    .filter((line) => !kept.test(line));
  expect({ code, lines, err }).toEqual({ code: 0, lines: [expect.stringMatching(/^clean: /)], err: "" });
}

function tracesOf(vial: TestVial): readonly string[] {
  const { root } = vial;
  const folders = ["containers", "names", "run/c", "run/crun", "run/runc", "trash"];
  return [
    ...folders.flatMap((folder) => names(`${root}/${folder}`).map((name) => `${folder}/${name}`)),
    ...names(`${root}/ingest`).filter((name) => /^(layer|load)-/.test(name)),
    ...processesOf(vial),
    ...mountsOf(vial),
    ...cgroupsOf(vial),
  ];
}

/** Processes with the store in their command line: ours, conmon's and the runtime's. */
export function processesOf(vial: TestVial): readonly string[] {
  return names("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const line = readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ");
      return line.includes(`${vial.root}/`) ? [`process ${entry}: ${line}`] : [];
    } catch {
      return [];
    }
  });
}

function mountsOf(vial: TestVial): readonly string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts.filter((line) => line.includes(` ${vial.root}/`));
}

/** Control groups of any container that this store ever had, by its record of events. */
function cgroupsOf(vial: TestVial): readonly string[] {
  const file = `${vial.root}/events.jsonl`;
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const wanted = new Set([...text.matchAll(/"id":"([0-9a-f]{16})/g)].map((match) => `vial-${match[1]}`));
  const top = "/sys/fs/cgroup";
  return [top, ...names(top).map((name) => `${top}/${name}`)].flatMap((parent) =>
    names(parent)
      .filter((name) => wanted.has(name))
      .map((name) => `${parent}/${name}`),
  );
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
