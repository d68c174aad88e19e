import { runHostScript } from "#host";
import { stepKey } from "../step-key.ts";
import { hostScriptFailed } from "./error.ts";
import type { Script } from "./script.ts";
import type { StageSteps } from "./stage-steps.ts";

/** Runs %pre or %setup on this machine, with this person's rights. */
export async function runOnHost(
  steps: StageSteps,
  name: string,
  script: Script,
  rootfs: string | undefined,
): Promise<void> {
  const { signal } = steps.session.options;
  const words = script.arguments.trim().replace(/^-c\s+/, "");
  const shell = /^-c\s/.test(script.arguments.trim()) ? words.split(/\s+/) : ["/bin/sh", "-ex"];
  const end = await runHostScript(shell, script.text, {
    cwd: steps.options.folder,
    env: rootfs === undefined ? {} : { APPTAINER_ROOTFS: rootfs, SINGULARITY_ROOTFS: rootfs },
    signal,
  });
  if (end.exitCode !== 0) throw hostScriptFailed(name, end.exitCode, end.output, script.range);
}

/** It may do anything on this machine, so it is never taken from the cache; what it made is what counts. */
export async function runSetup(steps: StageSteps, script: Script): Promise<void> {
  const before = steps.root;
  const key = stepKey("setup", { base: before.key, text: script.text, latest: before.latest });
  await steps.step("%setup", script.range, key, (space) => runOnHost(steps, "%setup", script, space.rootfs), {
    always: true,
  });
  const made = steps.root.layers.length > before.layers.length ? steps.root.layers.at(-1) : undefined;
  steps.root = {
    ...steps.root,
    key: stepKey("setup-result", { base: before.key, layer: made?.diffId ?? null }),
  };
}
