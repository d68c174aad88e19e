import { setNames } from "#network";
import type { ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
import { checkName } from "./create.ts";
import {
  claimName,
  type ContainerFolder,
  findContainer,
  lockContainer,
  readSpec,
  releaseName,
  writeSpec,
} from "./folder.ts";
import { namesOf } from "./network.ts";
import { readNetwork, writeNetwork } from "./network-record.ts";

/** Others find a container that runs by its new name at once. */
function renameInNetworks(engine: Engine, spec: ContainerSpec, place: ContainerFolder): void {
  const live = readNetwork(place);
  if (live.endpoints.every(({ names }) => names.length === 0)) return;
  const endpoints = live.endpoints.map((endpoint) =>
    endpoint.names.length === 0 ? endpoint : { ...endpoint, names: namesOf(spec, endpoint.aliases) },
  );
  writeNetwork(place, { ...live, endpoints });
  setNames(engine.place, { id: spec.id, servers: spec.dns, endpoints });
}

/** Gives a container another name. Throws name-taken, name-invalid. */
export function renameContainer(engine: Engine, name: string, to: string): void {
  const place = findContainer(engine, name);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  const renamed = { ...spec, name: checkName(to) };
  claimName(engine, renamed.name, spec.id);
  writeSpec(place, renamed);
  releaseName(engine, spec.name, spec.id);
  renameInNetworks(engine, renamed, place);
  recordEvent(engine, renamed, "rename", { oldName: `/${spec.name}` });
}
