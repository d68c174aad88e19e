import { existsSync, readdirSync, statSync } from "node:fs";
import { removeSmallTree, setAside, startDetached, sweepTrash } from "#host";
import type { Engine } from "../engine-handle.ts";
import { recordEnd } from "./end.ts";
import { exitCommand } from "./exit-command.ts";
import { containerFolder, holderOf, listIds, listNames, readSpec, releaseName } from "./folder.ts";
import { currentState, isWatched } from "./state.ts";

const oldEnough = 60_000;

/**
 * Puts in order what a kill -9 left: ends that nobody recorded (and containers of --rm with them), containers that were
 * half made or half removed, names of containers that are gone. Leaves alone whatever somebody is working on.
 */
export function sweepContainers(engine: Engine): void {
  for (const id of listIds(engine)) {
    const place = containerFolder(engine, id);
    if (!existsSync(`${place.folder}/spec.json`)) {
      // Being made or removed right now, unless it has lain so for a while.
      const age = Date.now() - (statSync(place.folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > oldEnough && !removeSmallTree(place.folder, 100))
        setAside(`${engine.place.root}/trash`, place.folder);
      continue;
    }
    try {
      const live = currentState(place);
      if (live.status !== "dead" || isWatched(place, live.was)) continue;
      // Its restart policy takes effect in a process of its own, as conmon's exit command would have made it.
      if (readSpec(place).restart.name === "no") recordEnd(engine, readSpec(place), place);
      else startDetached(exitCommand(engine, id));
    } catch {
      // Removed while we looked.
    }
  }
  for (const name of listNames(engine)) releaseIfOrphan(engine, name);
  sweepTrash(`${engine.place.root}/trash`);
  sweepBundles(engine);
}

function releaseIfOrphan(engine: Engine, name: string): void {
  const holder = holderOf(engine, name);
  if (holder !== undefined && !existsSync(`${engine.place.root}/containers/${holder}/spec.json`))
    releaseName(engine, name, holder);
}

function sweepBundles(engine: Engine): void {
  let bundles: string[];
  try {
    bundles = readdirSync(`${engine.place.run}/c`);
  } catch {
    return;
  }
  const known = new Set(listIds(engine).map((id) => id.slice(0, 16)));
  for (const bundle of bundles) {
    const path = `${engine.place.run}/c/${bundle}`;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (!known.has(bundle) && age > oldEnough) removeSmallTree(path, 1000);
  }
}
