import type { Engine } from "../engine-handle.ts";
import { recordEvent } from "../events.ts";
import { checkName } from "./create.ts";
import { claimName, findContainer, lockContainer, readSpec, releaseName, writeSpec } from "./folder.ts";

/** Gives a container another name. Throws name-taken, name-invalid. */
export function renameContainer(engine: Engine, name: string, to: string): void {
  const place = findContainer(engine, name);
  using _lock = lockContainer(place);
  const spec = readSpec(place);
  const renamed = { ...spec, name: checkName(to) };
  claimName(engine, renamed.name, spec.id);
  writeSpec(place, renamed);
  releaseName(engine, spec.name, spec.id);
  recordEvent(engine, renamed, "rename", { oldName: `/${spec.name}` });
}
