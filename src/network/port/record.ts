import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { isAlive, type ProcessMark, writeAtomic } from "#host";
import type { PublishedPort } from "../endpoint.ts";
import type { Redirect } from "./rules.ts";
import type { PortTarget } from "./wish.ts";

/** A published port with what makes it work. */
export interface PortEntry extends PublishedPort {
  readonly redirects: readonly Redirect[];
  /** The process that listens there. Until it does, the one that published the port holds it. */
  readonly relay?: ProcessMark;
  /** `for both`: its relay listens for IPv4 and IPv6; `with IPv4`: the relay of the entry before it does. */
  readonly listens: "alone" | "for both" | "with IPv4";
}

/** What is published of one container: RUN/ports/OWNER.json, from before the ports work until after they do not. */
export interface PortRecord {
  readonly owner: string;
  readonly publisher: ProcessMark;
  readonly target: PortTarget;
  readonly entries: readonly PortEntry[];
  /** Relays of ports that are published no more: their children carry the connections that were open. */
  readonly retired: readonly ProcessMark[];
}

function folder(run: string): string {
  return `${run}/ports`;
}

function file(run: string, owner: string): string {
  return `${folder(run)}/${owner}.json`;
}

export function writeRecord(run: string, record: PortRecord): void {
  const path = file(run, record.owner);
  try {
    writeAtomic(path, JSON.stringify(record), 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    mkdirSync(folder(run), { recursive: true, mode: 0o700 });
    writeAtomic(path, JSON.stringify(record), 0o600);
  }
}

/** Undefined when nothing is published of it. */
export function readRecord(run: string, owner: string): PortRecord | undefined {
  try {
    return JSON.parse(readFileSync(file(run, owner), "utf8")) as PortRecord;
  } catch {
    return undefined;
  }
}

export function removeRecord(run: string, owner: string): void {
  rmSync(file(run, owner), { force: true });
}

/** Everyone of whom something is published. */
export function recordedOwners(run: string): readonly string[] {
  try {
    return readdirSync(folder(run)).flatMap((name) => (name.endsWith(".json") ? [name.slice(0, -5)] : []));
  } catch {
    return [];
  }
}

/** Whether a port of a record is in somebody's hands. */
export function isHeld(record: PortRecord, entry: PortEntry): boolean {
  const relays = record.entries.filter((other) => other.hostPort === entry.hostPort);
  return isAlive(record.publisher) || relays.some(({ relay }) => relay !== undefined && isAlive(relay));
}

/** Whether two cannot have the same number: one of them has all addresses, or both the same one. */
export function isSameDoor(a: PublishedPort, b: PublishedPort): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  if (a.hostAddress.includes(":") !== b.hostAddress.includes(":")) return false;
  return [a.hostAddress, b.hostAddress].some(isAnyAddress) || a.hostAddress === b.hostAddress;
}

function isAnyAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
