import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type Lock, lockExclusive, lockShared } from "#host";
import { storeWriteFault } from "#image";
import { reasonOf } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { ownMark } from "../container/state.ts";
import { volumeDamaged, volumeUnknown } from "./error.ts";

// A volume on disk:
//
//     ROOT/volumes/NAME/volume.json   what it was made with
//     ROOT/volumes/NAME/_data/        its files, as containers see them
//     ROOT/volumes/NAME/lock          held while files of an image are copied in
//     ROOT/volumes/NAME/_copy/        such a copy, unfinished; `_copied`: a whole one that is being moved into _data
//     ROOT/volumes/.new-PID-TIME-N/   a volume that is being made; one rename gives it its name
//     ROOT/locks/volumes              held shared from the claim of a volume until its user is on record, alone to remove one

export interface Volume {
  readonly name: string;
  readonly driver: "local";
  /** RFC 3339. */
  readonly created: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Of the driver: type, device, o. */
  readonly options: Readonly<Record<string, string>>;
}

/** Docker's mark of a volume that nobody gave a name. */
const anonymousLabel = "com.docker.volume.anonymous";

export function isAnonymous(volume: Volume): boolean {
  return Object.hasOwn(volume.labels, anonymousLabel);
}

export function volumesFolder(engine: Engine): string {
  return `${engine.place.root}/volumes`;
}

export function volumeFolder(engine: Engine, name: string): string {
  return `${volumesFolder(engine)}/${name}`;
}

/** Where its files are on the host. */
export function dataFolder(engine: Engine, name: string): string {
  return `${volumeFolder(engine, name)}/_data`;
}

/** Docker's rule. Such a name is one component of a path, and not that of a half-made volume. */
export function isVolumeName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(text);
}

/** Held while volumes that exist are about to be referred to: none is removed meanwhile. */
export function holdVolumes(engine: Engine): Lock {
  return lockOrFault(engine, lockShared);
}

/** Held to remove volumes: nobody begins to use one meanwhile. */
export function takeVolumes(engine: Engine): Lock {
  return lockOrFault(engine, lockExclusive);
}

function lockOrFault(engine: Engine, lock: (path: string) => Lock): Lock {
  try {
    return lock(`${engine.place.root}/locks/volumes`);
  } catch (error) {
    throw storeWriteFault(engine.place.root, error);
  }
}

let counter = 0;

/** Makes a volume whole, and gives it its name, as one of many processes. False when the name is taken. */
export function claimVolume(engine: Engine, volume: Volume): boolean {
  const { pid, startTime } = ownMark();
  const folder = `${volumesFolder(engine)}/.new-${pid}-${startTime}-${counter++}`;
  try {
    mkdirSync(volumesFolder(engine), { recursive: true, mode: 0o700 });
    // Closed to others: a setuid program of a container must not be reached by users of the host (CVE-2021-41091).
    mkdirSync(folder, { mode: 0o700 });
    mkdirSync(`${folder}/_data`, { mode: 0o755 });
    writeFileSync(`${folder}/volume.json`, JSON.stringify(volume), { mode: 0o600 });
    // A folder with files in it is not replaced: ENOTEMPTY or EEXIST (rename(2)).
    renameSync(folder, volumeFolder(engine, volume.name));
    return true;
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST" || code === "EBUSY") return false;
    throw storeWriteFault(engine.place.root, error);
  }
}

/** The volume of that name, or undefined. Throws volume-damaged. */
export function readVolume(engine: Engine, name: string): Volume | undefined {
  if (!isVolumeName(name)) return undefined;
  try {
    const text = readFileSync(`${volumeFolder(engine, name)}/volume.json`, "utf8");
    return { ...(JSON.parse(text) as Volume), name };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (error instanceof SyntaxError) throw volumeDamaged(name, reasonOf(error));
    throw error;
  }
}

/** Throws volume-unknown, volume-damaged. */
export function findVolume(engine: Engine, name: string): Volume {
  const volume = readVolume(engine, name);
  if (volume === undefined) throw volumeUnknown(name, volumeNames(engine));
  return volume;
}

/** Sorted. */
export function volumeNames(engine: Engine): readonly string[] {
  try {
    return readdirSync(volumesFolder(engine)).filter(isVolumeName).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** All volumes by name. One that cannot be read is left out; `vial volume inspect` says why. */
export function listVolumes(engine: Engine): readonly Volume[] {
  return volumeNames(engine).flatMap((name) => {
    try {
      return readVolume(engine, name) ?? [];
    } catch {
      return [];
    }
  });
}

export function anonymousLabels(): Readonly<Record<string, string>> {
  return { [anonymousLabel]: "" };
}
