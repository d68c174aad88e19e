import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { type Lock, lockExclusive, lockExisting, writeAtomic } from "#host";
import { storeWriteFault } from "#image";
import type { ContainerSpec } from "#runtime";
import { reasonOf } from "#spec";
import type { Engine } from "../engine-handle.ts";
import { containerAmbiguous, containerDamaged, containerUnknown, nameTaken } from "../error.ts";

// A container on disk:
//
//     ROOT/containers/ID/spec.json    what was decided at creation
//     ROOT/containers/ID/state.json   where it is in its life
//     ROOT/containers/ID/rw/          its writable layer
//     ROOT/containers/ID/log          its output, in conmon's format
//     ROOT/names/NAME                 a symbolic link to the ID that holds this name; one of many makes it
//     RUN/c/SHORT/                    its bundle, while it runs: config.json, attach socket, exit file
//     RUN/rootfs                      where each mount namespace has the root of the container that it starts

export interface ContainerFolder {
  readonly id: string;
  /** Survives a reboot. */
  readonly folder: string;
  /** Does not. Short, because a socket below it has to fit in 107 bytes. */
  readonly bundle: string;
}

export function containerFolder(engine: Engine, id: string): ContainerFolder {
  return {
    id,
    folder: `${engine.place.root}/containers/${id}`,
    bundle: `${engine.place.run}/c/${id.slice(0, 16)}`,
  };
}

export function newContainerId(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
}

/** Held while a container changes from one state to the next. Throws container-unknown when it was removed. */
export function lockContainer(place: ContainerFolder): Lock {
  const lock = lockUnlessGone(place);
  if (lock === undefined) throw containerUnknown(place.id);
  return lock;
}

/** lockContainer() for who has nothing left to do when the container was removed. */
export function lockUnlessGone(place: ContainerFolder): Lock | undefined {
  const lock = lockExisting(`${place.folder}/lock`);
  if (lock === undefined || hasSpec(place)) return lock;
  lock[Symbol.dispose]();
  return undefined;
}

/** False for one that is half made or was removed. */
export function hasSpec(place: ContainerFolder): boolean {
  return existsSync(`${place.folder}/spec.json`);
}

export function writeSpec(place: ContainerFolder, spec: ContainerSpec): void {
  writeAtomic(`${place.folder}/spec.json`, JSON.stringify(spec), 0o600);
}

/** What the specs of containers that an earlier Vial made lack. */
const since = { ports: [], publishAll: false, domainname: "", dnsSearch: [], dnsOptions: [] };

/** Throws container-unknown, container-damaged. */
export function readSpec(place: ContainerFolder): ContainerSpec {
  try {
    return { ...since, ...(JSON.parse(readFileSync(`${place.folder}/spec.json`, "utf8")) as ContainerSpec) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw containerUnknown(place.id);
    if (error instanceof SyntaxError) throw containerDamaged(place.id, reasonOf(error));
    throw error;
  }
}

/** Makes the folders of a new container. It becomes one by claimContainer(). */
export function makeFolders(engine: Engine, id: string): ContainerFolder {
  const place = containerFolder(engine, id);
  try {
    mkdirSync(`${place.folder}/rw/work`, { recursive: true, mode: 0o700 });
    mkdirSync(`${place.folder}/rw/upper`, { mode: 0o755 });
  } catch (error) {
    removeFolders(place);
    throw storeWriteFault(engine.place.root, error);
  }
  return place;
}

/**
 * Puts a container on record, then claims its name, so that a name that points at a container without a spec can only be
 * litter. Throws name-taken.
 */
export function claimContainer(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  writeSpec(place, spec);
  claimName(engine, spec.name, spec.id);
}

export function removeFolders(place: ContainerFolder): void {
  rmSync(place.folder, { recursive: true, force: true });
}

function namePath(engine: Engine, name: string): string {
  return `${engine.place.root}/names/${name}`;
}

/** A name is a symbolic link whose text is the id: made by one call, and by one of many processes alone. */
export function claimName(engine: Engine, name: string, id: string): void {
  const path = namePath(engine, name);
  for (;;) {
    try {
      symlinkSync(id, path);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") {
        mkdirSync(`${engine.place.root}/names`, { recursive: true, mode: 0o700 });
        continue;
      }
      if (code !== "EEXIST") throw error;
    }
    const holder = readHolder(path);
    if (holder !== undefined && hasContainer(engine, holder)) throw nameTaken(name, holder);
    releaseLitter(engine, name);
  }
}

export function releaseName(engine: Engine, name: string, id: string): void {
  const path = namePath(engine, name);
  if (readHolder(path) === id) rmSync(path, { force: true });
}

/**
 * Frees a name whose container is gone: a kill -9 came between two steps. Under a lock, because the next one who sees
 * the litter would otherwise take away the claim of the one before.
 */
export function releaseLitter(engine: Engine, name: string): void {
  using _lock = lockExclusive(`${engine.place.root}/locks/names`);
  const path = namePath(engine, name);
  const holder = readHolder(path);
  if (holder !== undefined && hasContainer(engine, holder)) return;
  rmSync(path, { force: true });
}

/** The id that a name stands for. */
export function holderOf(engine: Engine, name: string): string | undefined {
  return readHolder(namePath(engine, name));
}

function readHolder(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function hasContainer(engine: Engine, id: string): boolean {
  return existsSync(`${engine.place.root}/containers/${id}/spec.json`);
}

/** All container ids, in no order. */
export function listIds(engine: Engine): readonly string[] {
  try {
    return readdirSync(`${engine.place.root}/containers`).filter((entry) => /^[0-9a-f]{64}$/.test(entry));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** Finds a container by name, id, or the beginning of its id when only one begins so. */
export function findContainer(engine: Engine, text: string): ContainerFolder {
  const name = text.startsWith("/") ? text.slice(1) : text;
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
    const holder = readHolder(namePath(engine, name));
    if (holder !== undefined && hasContainer(engine, holder)) return containerFolder(engine, holder);
    if (/^[0-9a-f]{1,64}$/.test(name)) {
      const fitting = listIds(engine).filter((id) => id.startsWith(name) && hasContainer(engine, id));
      if (fitting.length > 1) throw containerAmbiguous(text, fitting);
      if (fitting[0] !== undefined) return containerFolder(engine, fitting[0]);
    }
  }
  throw containerUnknown(text, listNames(engine));
}

export function listNames(engine: Engine): readonly string[] {
  try {
    return readdirSync(`${engine.place.root}/names`);
  } catch {
    return [];
  }
}

/** The full id of the container that `text` names. */
export function containerId(engine: Engine, text: string): string {
  return findContainer(engine, text).id;
}
