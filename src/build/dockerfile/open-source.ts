import type { SourceRange } from "#spec";
import type { SourceTree } from "../copy/source-tree.ts";
import type { Stage } from "./stages.ts";

/** A tree that is open, perhaps mounted, until it is closed. */
export interface OpenTree extends SourceTree {
  /** A digest over all that is in it; undefined: it has to be read. */
  readonly key: string | undefined;
  /** The number of the step that made it. */
  readonly step?: number;
  close(): void;
}

/** Opens what `from` stands for in a stage: another stage, an image, a context; without it the build context. */
export type SourceOpener = (stage: Stage, from: string | undefined, where: SourceRange) => Promise<OpenTree>;
