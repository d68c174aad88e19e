import { defaultPathEntry, hostPlatform } from "#spec";
import { runProgram } from "../run-program.ts";
import type { BuiltStage } from "../session.ts";
import { stepKey } from "../step-key.ts";
import { bootstrapStage } from "./bootstrap-stage.ts";
import { copyFromHost, copyFromStage } from "./copy-files.ts";
import { finishStage } from "./finish-stage.ts";
import { runOnHost, runSetup } from "./host-script.ts";
import { prepareSingularityFiles } from "./image/singularity-files.ts";
import { postScripts } from "./post.ts";
import { runPost } from "./post-steps.ts";
import type { Script } from "./script.ts";
import { scriptEnvironment, StageSteps } from "./stage-steps.ts";

/** Carries out one stage of a definition file, in the order in which Apptainer does. */
export async function buildStage(given: ConstructorParameters<typeof StageSteps>[0]): Promise<BuiltStage> {
  const steps = new StageSteps(given);
  const { stage } = steps;
  if (stage.pre !== undefined) await runOnHost(steps, "%pre", stage.pre, undefined);
  await bootstrapStage(steps);
  const config = steps.base?.config.config ?? undefined;
  await steps.entries("prepare /.singularity.d", prepareSingularityFiles(stage, config), stage.range);
  for (const app of stage.apps)
    for (const pair of app.files) await copyFromHost(steps, [pair], `/scif/apps/${app.name}/`, pair.range);
  for (const copy of stage.files)
    if (copy.from !== undefined)
      await copyFromStage(steps, copy.from.index, copy.from.name, copy.pairs, copy.range);
  if (stage.setup !== undefined) await runSetup(steps, stage.setup);
  for (const copy of stage.files)
    if (copy.from === undefined) await copyFromHost(steps, copy.pairs, undefined, copy.range);
  for (const script of postScripts(stage)) await runPost(steps, script);
  const labels = await finishStage(steps);
  if (steps.options.runsTests && stage.test !== undefined) await runTest(steps, stage.test);
  const base = config ?? {};
  return {
    root: steps.root,
    base: steps.base,
    layers: steps.layers,
    defaults: {
      ...base,
      Env: base.Env ?? [defaultPathEntry],
      // An OCI runtime runs it as Singularity does: the environment first, then the runscript.
      Entrypoint: ["/.singularity.d/actions/run"],
      Cmd: null,
      WorkingDir: "/",
      Labels: { ...base.Labels, ...Object.fromEntries(labels) },
    },
    history: steps.history,
    platform: steps.session.options.platform ?? hostPlatform(),
    lastStep: steps.lastStep,
  };
}

/** In the image as it is, and what it changes is forgotten. */
async function runTest(steps: StageSteps, script: Script): Promise<void> {
  const key = stepKey("test", { base: steps.root.key, latest: steps.root.latest });
  await steps.session.step(
    steps.root,
    { title: `${steps.title}%test`, where: script.range, needs: [steps.lastStep] },
    key,
    async (space, running) => {
      await runProgram(steps.session, running, {
        space,
        args: ["/.singularity.d/actions/test"],
        env: scriptEnvironment(steps),
        cwd: "/",
        user: "",
        network: steps.session.options.network,
        mounts: [],
        title: "%test",
        where: script.range,
        shell: "/bin/sh",
      });
    },
    { unchecked: true },
  );
}
