import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { setAside, startDetached, sweepTrash } from "#host";
import { takeContent } from "#image";
import { sweepCompilations } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordEnd } from "./end.ts";
import { exitCommand } from "./exit-command.ts";
import {
  type ContainerFolder,
  containerFolder,
  hasSpec,
  holderOf,
  listIds,
  listNames,
  lockUnlessGone,
  readSpec,
  releaseLitter,
  releaseName,
} from "./folder.ts";
import { sweepNetworks } from "../network/sweep.ts";
import { type ContainerEntry, listContainers } from "./list.ts";
import { sweepContainerPorts } from "./ports.ts";
import { currentState, isWatched } from "./state.ts";

/**
 * Puts in order what a kill -9 or a power cut left: ends that nobody recorded (and containers of --rm with them),
 * containers that were half made, names and bundles of containers that are gone. Leaves alone whatever somebody is
 * working on, for everything is looked at again under its lock. Gives the containers as they are then.
 */
export function sweepContainers(engine: Engine): readonly ContainerEntry[] {
  // Files of an ordinary user's sub-ids can be removed inside the user's own namespace alone, where `rm` and `prune` run.
  if (process.getuid?.() !== 0) return listContainers(engine);
  // Read before the containers: what is made from now on belongs to one that is not in the list yet.
  const bundles = namesIn(`${engine.place.run}/c`);
  const names = listNames(engine);
  const ids = listIds(engine);
  const entries = listContainers(engine);
  let mended = 0;
  for (const { spec, state } of entries)
    if (state.status === "dead") mended += settleDead(engine, containerFolder(engine, spec.id)) ? 1 : 0;
  if (ids.length > entries.length) sweepHalfMade(engine, ids);
  const namesById = new Map(entries.map(({ spec }) => [spec.id, spec.name]));
  for (const name of names) sweepName(engine, name, namesById);
  const known = new Set(listIds(engine).map((id) => id.slice(0, 16)));
  for (const bundle of bundles)
    if (!known.has(bundle)) rmSync(`${engine.place.run}/c/${bundle}`, { recursive: true, force: true });
  sweepNetworks(engine);
  sweepContainerPorts(engine);
  sweepViews(engine);
  sweepCompilations(engine.place.run);
  sweepTrash(`${engine.place.root}/trash`);
  return mended === 0 ? entries : listContainers(engine);
}

/** Where a process had mounted a container's files for itself. It was killed, and its mounts went with it. */
function sweepViews({ place: { run } }: Engine): void {
  for (const name of namesIn(run)) {
    const pid = /^view-(\d+)(\.empty)?$/.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      rmdirSync(`${run}/${name}`);
    } catch {
      // Another one was quicker, or something is in it that is not ours to remove.
    }
  }
}

/** True when the container is not as it was. */
function settleDead(engine: Engine, place: ContainerFolder): boolean {
  try {
    const live = currentState(place);
    if (live.status !== "dead" || isWatched(place, live.was)) return false;
    const spec = readSpec(place);
    // Its restart policy takes effect in a process of its own, as conmon's exit command would have made it.
    if (spec.restart.name === "no") recordEnd(engine, spec, place);
    else startDetached(exitCommand(engine, place.id));
    return true;
  } catch (error) {
    // Removed while we looked, or another user's to mend: an ordinary user's list is read without a namespace.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "container-unknown" || code === "EPERM" || code === "EACCES" || code === "ENOENT")
      return false;
    throw error;
  }
}

/** Folders without a spec: whoever makes one holds the content of the store meanwhile, so now nobody does. */
function sweepHalfMade(engine: Engine, ids: readonly string[]): void {
  using alone = takeContent(engine.store, 0);
  if (alone === undefined) return;
  for (const id of ids) {
    const place = containerFolder(engine, id);
    if (!hasSpec(place)) setAside(`${engine.place.root}/trash`, place.folder);
  }
}

function sweepName(engine: Engine, name: string, namesById: ReadonlyMap<string, string>): void {
  const holder = holderOf(engine, name);
  if (holder === undefined || namesById.get(holder) === name) return;
  const place = containerFolder(engine, holder);
  if (!hasSpec(place)) {
    releaseLitter(engine, name);
    return;
  }
  // A rename that was cut short left two names.
  using lock = lockUnlessGone(place);
  try {
    if (lock !== undefined && readSpec(place).name !== name) releaseName(engine, name, holder);
  } catch (error) {
    // Nobody knows its name now, so it keeps what it has.
    if ((error as { code?: string }).code !== "container-damaged") throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
