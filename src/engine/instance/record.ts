import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { hostPlace, isAlive, type ProcessMark, removeCgroups, writeAtomic } from "#host";
import type { HpcImageFacts } from "#runtime";
import { instanceNameInvalid, instanceUnknown } from "./error.ts";
import { instancesFolderUnsafe } from "../error.ts";

// What is known of the instances of a person on this host: a folder for each, with record.json and what it prints. Homes are
// shared between the nodes of a cluster and processes are not, so that each host has its own.

/** An instance that runs. */
export interface InstanceRecord {
  readonly name: string;
  readonly image: HpcImageFacts;
  /** Its process 1, by its number on the host. */
  readonly process: ProcessMark;
  /** Folders of the control groups that limit it; none where no limit was asked for. */
  readonly cgroups: readonly string[];
  /** RFC 3339. */
  readonly startedAt: string;
  /** Its user namespace has but one id; inside, the person is root. */
  readonly fakeroot: boolean;
}

/** Files of an instance. */
export interface InstanceFiles {
  readonly folder: string;
  /** What its programs print. */
  readonly out: string;
  readonly err: string;
}

export function instancesFolder(): string {
  return `${hostPlace().root}/instances/${hostname().replaceAll(/[^A-Za-z0-9.-]/g, "_") || "localhost"}`;
}

/** Throws instance-name-invalid. */
export function instanceFiles(name: string): InstanceFiles {
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/.test(name)) throw instanceNameInvalid(name);
  const folder = `${instancesFolder()}/${name}`;
  return { folder, out: `${folder}/out`, err: `${folder}/err` };
}

/** Makes the folder of all instances; another person's would let them choose what is joined. */
export function makeInstancesFolder(): string {
  const folder = instancesFolder();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const info = lstatSync(folder);
  if (!info.isDirectory() || info.uid !== (process.getuid?.() ?? 0) || (info.mode & 0o022) !== 0)
    throw instancesFolderUnsafe(folder);
  return folder;
}

export function writeInstance(record: InstanceRecord): void {
  writeAtomic(`${instanceFiles(record.name).folder}/record.json`, JSON.stringify(record), 0o600);
}

/** The instances that run, by name. Those that have ended are cleared away. */
export function listInstances(): readonly InstanceRecord[] {
  let names: string[];
  try {
    names = readdirSync(makeInstancesFolder());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return [];
    throw error;
  }
  return names.sort().flatMap((name) => readInstance(name) ?? []);
}

/** The instance of that name. Throws instance-unknown, instance-name-invalid. */
export function needInstance(name: string): InstanceRecord {
  instanceFiles(name);
  makeInstancesFolder();
  const record = readInstance(name);
  if (record !== undefined) return record;
  throw instanceUnknown(
    name,
    listInstances().map((known) => known.name),
  );
}

/** Undefined where there is none that runs; the folder of one that has ended is removed. */
export function readInstance(name: string): InstanceRecord | undefined {
  const folder = `${instancesFolder()}/${name}`;
  const record = parse(folder, name);
  // Without a record it is being started, or is no folder of an instance.
  if (record === undefined) return undefined;
  if (isAlive(record.process)) return record;
  removeCgroups(record.cgroups);
  forgetInstance(name);
  return undefined;
}

export function forgetInstance(name: string): void {
  rmSync(`${instancesFolder()}/${name}`, { recursive: true, force: true });
}

function parse(folder: string, name: string): InstanceRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(`${folder}/record.json`, "utf8")) as InstanceRecord;
    const { pid, startTime } = record.process;
    const isWhole = record.name === name && Number.isInteger(pid) && pid > 1 && typeof startTime === "string";
    // Records of a Vial before there were limits.
    const cgroups = Array.isArray(record.cgroups) ? record.cgroups : [];
    return isWhole && typeof record.image.name === "string" ? { ...record, cgroups } : undefined;
  } catch {
    return undefined;
  }
}
