import type { SourceRange } from "#spec";
import type { SourceTree } from "../copy/source-tree.ts";
import { openRootTree } from "../workspace.ts";
import type { FilePair } from "./file-pair.ts";
import type { StageSteps } from "./stage-steps.ts";

/** Carries out %files: from this machine, into the root or below a folder of it. */
export async function copyFromHost(
  steps: StageSteps,
  pairs: readonly FilePair[],
  below: string | undefined,
  where: SourceRange,
): Promise<void> {
  const tree: SourceTree = { root: "/", form: "plain", title: "this machine", links: "follow" };
  for (const { source, destination, range } of pairs) {
    const path = source.startsWith("/") ? source : `${steps.options.folder}/${source}`;
    const target = destination ?? source;
    const inside = target.startsWith("/") ? target : `/${target}`;
    await steps.copy(
      `%files ${source}${destination === undefined ? "" : ` ${destination}`}`,
      tree,
      [path],
      below === undefined ? inside : `${below}${target}`,
      range ?? where,
      false,
    );
  }
}

/** Carries out %files from another stage. */
export async function copyFromStage(
  steps: StageSteps,
  index: number,
  name: string,
  pairs: readonly FilePair[],
  where: SourceRange,
): Promise<void> {
  const built = steps.earlier[index]!;
  const mounted = await openRootTree(steps.session.worker, built.root.layers);
  try {
    const tree: SourceTree = { root: mounted.path, form: "whole", title: `the stage "${name}"` };
    for (const { source, destination, range } of pairs)
      await steps.copy(
        `%files from ${name}: ${source}`,
        tree,
        [source],
        destination ?? source,
        range ?? where,
        false,
      );
  } finally {
    mounted.close();
  }
}
