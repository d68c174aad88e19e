import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import type { EndpointWish } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { rewriteEtc } from "./etc.ts";
import { type ContainerFolder, containerFolder, hasSpec, readSpec } from "./folder.ts";
import { readNetwork } from "./network-record.ts";
import { isUp } from "./ports.ts";

// Links: a container has a name of its own for another one, in its /etc/hosts. Who is linked to knows it by a file in its folder, so
// that its new address is told when it starts again.

function linkersFolder(place: ContainerFolder): string {
  return `${place.folder}/linked`;
}

/** Lets those who are linked to know of it. */
export function markLinks(engine: Engine, id: string, endpoints: readonly EndpointWish[]): void {
  for (const { container } of endpoints.flatMap(({ links = [] }) => links)) {
    const target = containerFolder(engine, container);
    // Removed meanwhile: a folder without a spec would be litter.
    if (!hasSpec(target)) continue;
    mkdirSync(linkersFolder(target), { recursive: true, mode: 0o700 });
    writeFileSync(`${linkersFolder(target)}/${id}`, "", { mode: 0o600 });
  }
}

/** Tells the addresses of a container to those who are linked to it and run. */
export function tellLinkers(engine: Engine, place: ContainerFolder): void {
  let ids: readonly string[];
  try {
    ids = readdirSync(linkersFolder(place));
  } catch {
    // Nobody is.
    return;
  }
  for (const id of ids) {
    const linker = containerFolder(engine, id);
    if (!hasSpec(linker)) rmSync(`${linkersFolder(place)}/${id}`, { force: true });
    else if (isUp(engine, id)) rewriteEtc(engine, readSpec(linker), linker, readNetwork(linker).endpoints);
  }
}
