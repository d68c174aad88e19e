import type { ContainerSpec } from "#runtime";
import type { ContainerFolder } from "../container/folder.ts";
import { openFilesView } from "../container/root-view.ts";
import type { Engine } from "../engine-handle.ts";
import { fillVolumes, isToFill } from "./fill.ts";
import { closeSources, openSources } from "./sources.ts";

/** fillVolumes() for a container that is created and not started yet: its files are mounted for that alone. */
export function fillEarly(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  if (!isToFill(place)) return;
  using view = openFilesView(engine, place);
  try {
    fillVolumes(engine, spec, place, { root: view.path, sources: openSources(engine, spec) });
  } finally {
    closeSources(engine, spec);
  }
}
