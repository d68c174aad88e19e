import { callChild } from "./child-call.ts";
import { containerPathInfo } from "./container/archive.ts";
import { diffContainer } from "./container/changes.ts";
import { findContainer, readSpec } from "./container/folder.ts";
import { reportDisk } from "./disk-report.ts";
import { writableBytes } from "./disk-written.ts";
import type { Engine } from "./engine-handle.ts";

/** The use cases that can be called in a child, by name. Arguments are text, values JSON. */
export const childCalls = {
  changes: (engine: Engine, name = "") => diffContainer(engine, name),
  disk: (engine: Engine, ...types: readonly string[]) => reportDisk(engine, types),
  pathInfo: (engine: Engine, id = "", path = "") => containerPathInfo(engine, id, path),
  size: (engine: Engine, name = "") => writableBytes(engine, readSpec(findContainer(engine, name))),
};

/** A use case in a process of its own. */
export async function callApart<Name extends keyof typeof childCalls>(
  engine: Engine,
  name: Name,
  ...args: readonly string[]
): Promise<Awaited<ReturnType<(typeof childCalls)[Name]>>> {
  const value = await callChild(engine, "internal-call", name, ...args);
  return value as Awaited<ReturnType<(typeof childCalls)[Name]>>;
}
