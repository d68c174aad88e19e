import type { BuiltStage, Session } from "../session.ts";
import { withRoot } from "../workspace.ts";
import { readDeffile } from "./deffile.ts";
import { finishStage } from "./finish-stage.ts";
import { prepareSingularityFiles } from "./image/singularity-files.ts";
import { parseDeffile } from "./parse.ts";
import { readInside } from "./put-entries.ts";
import { StageSteps } from "./stage-steps.ts";

/**
 * Gives an image the files of /.singularity.d, as Apptainer does with one from a registry, so that it runs by its habits
 * too. An image that has them stays as it is. The definition file that an image carries is one that says which Dockerfile
 * it comes from.
 */
export async function addSingularityFiles(
  session: Session,
  built: BuiltStage,
  dockerfile: string,
): Promise<BuiltStage> {
  const has = await withRoot(
    session.worker,
    built.root.layers,
    (rootfs) => readInside(rootfs, "/.singularity.d/actions/run") !== undefined,
  );
  if (has) return built;
  const lines = dockerfile.trimEnd().split("\n");
  const quoted = lines.map((line) => `# ${line}`.trimEnd()).join("\n");
  const text = `# Made from this Dockerfile:\n#\n${quoted}\n\nBootstrap: scratch\n`;
  // What looks like a template in there is the Dockerfile's.
  const deffile = { ...readDeffile(parseDeffile("Bootstrap: scratch\n", "image")), definition: text };
  const options = { argumentFile: undefined, runsTests: false, force: false, folder: "/" };
  const steps = new StageSteps({ session, deffile, stage: deffile.stages[0]!, earlier: [], options });
  steps.root = built.root;
  steps.lastStep = built.lastStep;
  const { stage } = steps;
  await steps.entries("prepare /.singularity.d", prepareSingularityFiles(stage, built.defaults), stage.range);
  await finishStage(steps);
  return {
    ...built,
    root: steps.root,
    layers: [...built.layers, ...steps.layers],
    history: [...built.history, ...steps.history],
    lastStep: steps.lastStep,
  };
}
