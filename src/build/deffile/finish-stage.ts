import { hostPlatform } from "#spec";
import { stepKey } from "../step-key.ts";
import { withRoot } from "../workspace.ts";
import { buildLabels, mergeLabels } from "./image/label-file.ts";
import { finishSingularityFiles } from "./image/singularity-files.ts";
import { readLabels } from "./label.ts";
import { putEntries, readInside, removeInside } from "./put-entries.ts";
import { headOf, labelsFile, type StageSteps } from "./stage-steps.ts";

/** Writes the labels and the scripts of the image, when all else of it is there. Returns the labels. */
export async function finishStage(steps: StageSteps): Promise<ReadonlyMap<string, string>> {
  const stage = steps.stage;
  const { worker, options, reporter } = steps.session;
  const found = await withRoot(worker, steps.root.layers, (rootfs) => ({
    labels: readInside(rootfs, "/.singularity.d/labels.json"),
    build: readInside(rootfs, labelsFile),
    definition: readInside(rootfs, "/.singularity.d/Singularity"),
    earlier: [0, 1, 2, 3, 4, 5, 6, 7].flatMap(
      (number) => readInside(rootfs, `/.singularity.d/bootstrap_history/Apptainer${number}`) ?? [],
    ),
  }));
  const date = new Date((options.epoch ?? steps.root.latest) * 1000);
  const built = buildLabels(
    stage.header,
    { architecture: hostPlatform().architecture, date },
    stage.help !== undefined,
  );
  const written = readLabels((found.build ?? "").split("\n").map((text) => ({ text })));
  const own = new Map([...stage.labels, ...written]);
  const { labels, kept } = mergeLabels(jsonLabels(found.labels), own, { force: steps.options.force });
  for (const name of kept) reporter.warn(`the label "${name}" of the base stays: give --force to replace it`);
  const all = new Map([...labels, ...built]);
  const entries = finishSingularityFiles({
    stage,
    definition: steps.deffile.definition,
    labels: all,
    history: found.definition === undefined ? found.earlier : [...found.earlier, found.definition],
    force: steps.options.force,
  });
  const key = stepKey("finish", {
    base: steps.root.key,
    entries: entries.map((entry) => ({ ...entry })),
    latest: steps.root.latest,
  });
  await steps.step("metadata", headOf(stage.range), key, (space) => {
    putEntries(space.rootfs, entries, steps.root.latest);
    removeInside(space.rootfs, labelsFile);
  });
  return all;
}

function jsonLabels(text: string | undefined): ReadonlyMap<string, string> {
  try {
    const labels = JSON.parse(text ?? "{}") as Record<string, unknown>;
    return new Map(Object.entries(labels).map(([key, value]) => [key, String(value)]));
  } catch {
    return new Map();
  }
}
