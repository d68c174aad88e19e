import { readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isAlive } from "#host";
import type { ContainerFolder } from "./folder.ts";
import { ownMark } from "./state.ts";

// A client may join the streams of a container before it is started, by another process as a rule, and is not to miss a
// byte. The process that has the client leaves a note in the container's folder:
//
//     join-wait-PID-STARTTIME     it wants to join
//     join-now-PID-STARTTIME      the same, renamed by the starter: the program is there and has not begun
//
// and takes the note away when it has joined; then the program begins. Who waits finds its note renamed by watching the
// folder. A note whose process is gone is litter.

/** How long a start waits for those who want to join: one that hangs holds no container up. Milliseconds. */
const patience = 2000;

/** Those of this process, which the starter need not write to. */
const joinersHere = new Map<string, () => void>();

/** Leaves a note; `join` is called when this very process starts the container. */
export function announceJoin(place: ContainerFolder, join: () => void): void {
  joinersHere.set(place.id, join);
  writeFileSync(notePath(place, "wait"), "", { mode: 0o600 });
}

/** Whether the starter waits for us. */
export function mayJoinNow(place: ContainerFolder): boolean {
  return notesOf(place).includes(noteName("now"));
}

/** We have joined, or want to no more. */
export function settleJoin(place: ContainerFolder): void {
  joinersHere.delete(place.id);
  for (const step of ["now", "wait"] as const) rmSync(notePath(place, step), { force: true });
}

/** For the starter, when the program is there and has not begun: returns when all who want to join have. */
export function letJoin(place: ContainerFolder): void {
  const called: string[] = [];
  for (const name of notesOf(place)) {
    const note = /^join-(wait|now)-(\d+)-(\d+)$/.exec(name);
    if (note === null) continue;
    const [, step, pid = "", startTime = ""] = note;
    if (Number(pid) === process.pid) joinersHere.get(place.id)?.();
    else if (step === "now" || !isAlive({ pid: Number(pid), startTime })) remove(place, name);
    else if (rename(place, name)) called.push(`join-now-${pid}-${startTime}`);
  }
  const deadline = performance.now() + patience;
  while (called.length > 0 && performance.now() < deadline) {
    Bun.sleepSync(1);
    const left = notesOf(place);
    if (!called.some((name) => left.includes(name))) return;
  }
}

function noteName(step: "wait" | "now"): string {
  const { pid, startTime } = ownMark();
  return `join-${step}-${pid}-${startTime}`;
}

function notePath(place: ContainerFolder, step: "wait" | "now"): string {
  return `${place.folder}/${noteName(step)}`;
}

function notesOf(place: ContainerFolder): readonly string[] {
  try {
    return readdirSync(place.folder).filter((name) => name.startsWith("join-"));
  } catch {
    return [];
  }
}

function remove(place: ContainerFolder, name: string): void {
  rmSync(`${place.folder}/${name}`, { force: true });
}

/** False when the other one has just taken it away. */
function rename(place: ContainerFolder, name: string): boolean {
  try {
    renameSync(`${place.folder}/${name}`, `${place.folder}/${name.replace("-wait-", "-now-")}`);
    return true;
  } catch {
    return false;
  }
}
