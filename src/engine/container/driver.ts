import { ContainerDriver, type ContainerSpec } from "#runtime";
import type { Engine } from "../engine-handle.ts";

/** The driver of a container's level of isolation. */
export function driverOf(
  engine: Engine,
  spec: Pick<ContainerSpec, "runtime">,
  options: { readonly withoutCgroups?: boolean } = {},
): ContainerDriver {
  return new ContainerDriver(spec.runtime, engine.place.run, options);
}
