import { callChild } from "../child-call.ts";
import type { Engine } from "../engine-handle.ts";
import { findContainer } from "./folder.ts";

export interface ApartStart {
  /** False: it ran already. */
  readonly started: boolean;
  /** What cannot be enforced here, a sentence each. */
  readonly warnings: readonly string[];
}

/** startContainer() in a process of its own: this one goes on, and gets none of the mounts. */
export async function startApart(engine: Engine, name: string): Promise<ApartStart> {
  return (await callChild(engine, "internal-start", findContainer(engine, name).id)) as ApartStart;
}
